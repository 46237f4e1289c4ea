"""Imitation on grids: shares of time, what a match minimises, what a clone does not know."""

import numpy as np
import pytest
from scipy.special import expit, softmax

from gantutor.studies.imitation import learning, sampling, study
from gantutor.studies.imitation import world as grid

SHAPE = (grid.SIZE**2, len(grid.MOVES))


@pytest.fixture(scope="module")
def task():
    return study.draw_task(0)


@pytest.fixture(scope="module")
def policy():
    """A policy that takes each action with another probability in each state."""
    return np.random.default_rng(0).dirichlet(np.ones(SHAPE[1]), SHAPE[0])


def test_moves_slip_to_both_sides_and_stay_at_the_border():
    world = grid.build_world([5])
    assert np.allclose(world.transitions.sum(axis=2), 1)
    up, right = 0, 1
    middle = 3 * grid.SIZE + 3
    to = world.transitions[middle, right]
    assert to[middle + 1] == pytest.approx(1 - 2 * grid.SLIP)
    assert to[middle - grid.SIZE] == to[middle + grid.SIZE] == pytest.approx(grid.SLIP)
    assert world.transitions[0, up, 0] == pytest.approx(1 - grid.SLIP), "a slip to the left stays"
    assert (world.transitions[[5, grid.GOAL], :, [5, grid.GOAL]] == 1).all()
    assert world.ends.sum() == 2


def test_shares_of_time_are_those_of_played_episodes(task, policy):
    shares = grid.occupancy(task.world, policy)
    assert shares.sum() == pytest.approx(1) and shares.min() >= 0
    rng = np.random.default_rng(1)
    played = grid.visits(task.world, [grid.episode(task.world, policy, rng) for _ in range(3000)])
    ends = task.world.ends
    assert np.abs(played - shares)[~ends].max() < 0.01
    assert np.abs(played.sum(axis=1) - shares.sum(axis=1))[ends].max() < 0.02


def test_a_return_is_the_share_of_time_in_the_goal():
    """Without slips and pits the goal is 12 steps away, and all later time is spent there."""
    world = grid.build_world([], slip=0.0)
    best = grid.best_policy(world, grid.goal_reward(world))
    assert grid.value(world, best) == pytest.approx(grid.GAMMA**12)
    steps = grid.episode(world, best, np.random.default_rng(0))
    assert len(steps) == 12 and steps[-1, 2] == grid.GOAL
    shares = grid.visits(world, [steps])
    assert shares[grid.GOAL].sum() == pytest.approx(grid.GAMMA**12)
    assert shares.sum() == pytest.approx(1)


def test_laps_earn_a_reward_at_each_gate_and_pay_for_the_way_back():
    world = grid.build_world([], slip=0.0, laps=True)
    assert not world.ends.any()
    reward, last = grid.lap_reward(world), grid.SIZE - 1
    corners = [(0, 0), (0, last), (last, last), (last, 0)]
    there = {action: 0.0 for action in range(4)}
    for (row, column), action in zip(corners, (1, 2, 3, 0), strict=True):  # once around the border
        for step in range(last):
            cell = (np.array((row, column)) + step * grid.MOVES[action]) @ (grid.SIZE, 1)
            there[action] += reward[cell, action]
    assert list(there.values()) == [1, 1, 1, 1]
    middle = grid.SIZE // 2
    assert not reward[middle * grid.SIZE + middle].any()
    right, left = 1, 3
    assert reward[middle, right] == 1 and reward[middle + 1, left] == -1
    assert reward.sum() == 0, "as many ways back as there"


def test_laps_end_only_in_pits(task):
    laps = study.draw_task(0, laps=True)
    assert laps.world.ends.sum() == grid.LAP_PITS
    shares = grid.occupancy(laps.world, laps.best)
    assert grid.in_pits(laps.world, laps.best) == pytest.approx(shares[laps.world.ends].sum())
    fallen = grid.occupancy(task.world, task.best)[task.world.ends].sum()
    both = grid.in_pits(task.world, task.best) + grid.value(task.world, task.best)
    assert both == pytest.approx(fallen)
    assert study.score(laps, grid.uniform(laps.world)) == pytest.approx(0)
    assert study.score(laps, laps.best) == pytest.approx(1)


def test_the_last_cells_are_a_reward_and_a_plan_goes_there(task):
    first, second = (np.array(steps) for steps in ([(0, 1, 1), (1, 1, 2)], [(0, 2, 7)]))
    reward = learning.last_cell_reward(task.world, [first, second, first])
    assert (reward[2] == 2).all() and (reward[7] == 1).all() and reward.sum() == 12
    arrived = study.arrivals(task.episodes)[:1]
    plan = grid.best_policy(task.world, learning.last_cell_reward(task.world, arrived))
    assert np.array_equal(plan, task.best)


def test_no_policy_beats_value_iteration(task, policy):
    most = grid.value(task.world, task.best)
    assert all(grid.value(task.world, p) < most for p in (policy, grid.uniform(task.world)))
    gain = grid.advantages(task.world, task.best, grid.goal_reward(task.world))
    assert np.abs(gain.max(axis=1)).max() < 1e-9


def test_action_values_are_reward_and_what_follows(task, policy):
    reward = np.random.default_rng(2).random(SHAPE)
    values = grid.action_values(task.world, policy, reward)
    later = task.world.transitions @ (policy * values).sum(axis=1)
    assert np.allclose(values, (1 - grid.GAMMA) * reward + grid.GAMMA * later)
    at_start = (policy * values).sum(axis=1)[grid.START]
    assert at_start == pytest.approx((grid.occupancy(task.world, policy) * reward).sum())


def test_the_adversarial_reward_is_the_slope_of_the_divergence(task, policy):
    expert = grid.occupancy(task.world, task.policy)
    rng = np.random.default_rng(3)
    logits = np.log(policy)
    direction = rng.normal(size=SHAPE)

    def divergence(step):
        changed = softmax(logits + step * direction, axis=1)
        return learning.jensen_shannon(expert, grid.occupancy(task.world, changed))

    slope = (divergence(1e-5) - divergence(-1e-5)) / 2e-5
    own = grid.occupancy(task.world, policy)
    reward = learning.adversarial_reward(expert, own)
    gain = grid.advantages(task.world, policy, reward) / (1 - grid.GAMMA)
    assert slope == pytest.approx(-0.5 * np.sum(own * gain * direction), rel=1e-4)


@pytest.mark.parametrize("reward", [learning.adversarial_reward, learning.square_reward])
def test_a_match_of_the_whole_occupancy_finds_the_expert(task, reward):
    expert = grid.occupancy(task.world, task.policy)
    found = grid.occupancy(task.world, learning.match(task.world, expert, reward))
    start = learning.jensen_shannon(expert, grid.occupancy(task.world, grid.uniform(task.world)))
    assert learning.jensen_shannon(expert, found) < 0.02 * start


def test_the_divergence_of_known_distributions():
    ones = np.array([1.0, 0.0]), np.array([0.0, 1.0])
    assert learning.jensen_shannon(*ones) == pytest.approx(np.log(2))
    assert learning.jensen_shannon(ones[0], ones[0]) == 0
    expert, own = np.random.default_rng(4).dirichlet(np.ones(6), 2)
    answer = expert / (expert + own)
    best = np.sum(expert * np.log(answer) + own * np.log(1 - answer))
    expected = np.log(2) + best / 2
    assert learning.jensen_shannon(expert, own) == pytest.approx(expected)


def test_what_clones_do_where_nothing_was_shown():
    numbers = np.zeros(SHAPE)
    numbers[0] = [1, 3, 0, 0]
    numbers[grid.SIZE * 6] = [0, 0, 2, 0]  # the lower left corner
    clone = learning.clone(numbers)
    assert clone[0].tolist() == [0.25, 0.75, 0, 0] and (clone[1] == 0.25).all()
    nearest = learning.clone_nearest(numbers)
    assert nearest[1].tolist() == [0.25, 0.75, 0, 0]
    assert nearest[grid.SIZE * 3].tolist() == [0.125, 0.375, 0.5, 0], "in the middle: half each"
    world = grid.build_world([], slip=0.0)
    back = learning.clone_and_return(world, numbers)
    assert np.array_equal(back[0], clone[0]) and back[1].tolist() == [0, 0, 0, 1]


def test_asking_adds_an_answer_for_each_step_of_the_learners_own(task):
    first = task.episodes[0]
    rng = np.random.default_rng(5)
    numbers = learning.ask(task.world, task.policy, first, 3, rng)
    assert numbers.sum() > len(first)
    assert (task.policy[numbers > 0] > 0).all(), "each answer is one of the expert's actions"
    alone = learning.ask(task.world, task.policy, first, 1, rng)
    assert np.array_equal(alone, grid.count(task.world, [first]))


def test_values_of_played_steps_move_towards_reward_and_later_value():
    world = grid.build_world([], slip=0.0)
    reward, values = np.zeros(SHAPE), np.zeros(SHAPE)
    reward[grid.GOAL] = 1
    best = grid.best_policy(world, reward)
    steps = grid.episode(world, best, np.random.default_rng(0))
    best = learning.clone(grid.count(world, [steps]))
    sampling.revalue(world, values, best, reward, [steps])
    state, action = steps[-1, :2]
    assert values[state, action] == pytest.approx(sampling.VALUE_RATE * grid.GAMMA)
    for _ in range(300):
        sampling.revalue(world, values, best, reward, [steps])
    assert values[steps[0, 0], steps[0, 1]] == pytest.approx(grid.GAMMA**12, rel=1e-3)


def test_the_discriminators_table_has_its_best_answer_as_fixed_point():
    expert, own = np.random.default_rng(6).dirichlet(np.ones(5), 2)
    logits = np.log(expert) - np.log(own)
    slope = expert * expit(-logits) - own * expit(logits)
    assert np.allclose(slope, 0)
    assert np.allclose(np.logaddexp(0, logits), learning.adversarial_reward(expert, own))


def test_in_a_model_untried_actions_stay_and_tried_ones_are_counted(task):
    models = []

    def improve(model):
        models.append(model)
        return grid.uniform(task.world)

    sampling._model(task.world, improve, (200, 50_000), np.random.default_rng(8))
    first, last = models[0].transitions, models[-1].transitions
    assert np.allclose(first.sum(axis=2), 1) and np.allclose(last.sum(axis=2), 1)
    untried = 47, 2  # far from the start after 200 steps
    assert first[*untried, 47] == 1
    assert np.abs(last[0] - task.world.transitions[0]).max() < 0.02


def test_budgets_are_kept_to_a_round(task):
    steps = []

    def improve(episodes):
        steps.append(sum(map(len, episodes)))

    policy = grid.uniform(task.world)
    found = sampling._play(
        task.world, lambda: policy, improve, (200, 500), np.random.default_rng(7)
    )
    assert len(found) == 2 and sum(steps) >= 500 > sum(steps[:-1])


@pytest.mark.parametrize(
    "method", sorted({key[1] for key in study.SETTINGS if key[0] == "demonstrations"})
)
def test_what_is_learned_is_a_policy(task, method):
    found = study.learn(task, method, task.episodes[:2], np.random.default_rng(9))
    assert found.shape == SHAPE and found.min() >= 0
    assert np.allclose(found.sum(axis=1), 1)


def test_fixed_rewards_differ_in_what_they_count(task):
    shown = task.episodes[:5]
    often, ever = (
        grid.visits(task.world, shown),
        learning.seen_reward(grid.visits(task.world, shown)),
    )
    assert np.array_equal(often > 0, ever == 1) and len(np.unique(often)) > 10
    best = grid.best_policy(task.world, often)
    assert np.array_equal(study.learn(task, "frequencies", shown, np.random.default_rng()), best)


def test_worlds_and_demonstrations_differ_between_seeds_and_scores_have_two_anchors(task):
    other = study.draw_task(1)
    assert not np.array_equal(other.world.ends, task.world.ends)
    assert study.score(task, grid.uniform(task.world)) == pytest.approx(0)
    assert study.score(task, task.best) == pytest.approx(1)
    assert grid.value(task.world, task.best) >= 0.38
    careless = study.draw_task(0, careless=True)
    assert np.array_equal(careless.world.ends, task.world.ends)
    assert 0.4 < study.score(careless, careless.policy) < 0.9
    assert all(steps[-1, 2] == grid.GOAL for steps in study.arrivals(careless.episodes))
    assert len(study.arrivals(careless.episodes)) >= max(study.LEVELS["demonstrations"])
