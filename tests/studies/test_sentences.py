"""Sentences: the grammar's law, counts by hand, what a game rewards, what is held out."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from gantutor.studies.sentences import grammar, ngrams, study, training  # noqa: E402


@pytest.fixture(scope="module")
def rows():
    return grammar.language().sentences[study.data(0)[0]]


def test_the_language_is_complete_without_repetition_and_adds_up():
    sentences, chances = grammar.language()
    # A subject has one, two or three nouns: 6 + 6·2·6 + 6·2·6·2·6; a verb 2 + 2·6 ways to go on.
    assert len(sentences) == (6 + 72 + 864) * 14
    assert len(np.unique(sentences, axis=0)) == len(sentences)
    assert chances.sum() == pytest.approx(1) and chances.min() > 0
    assert max((row != 0).sum() for row in sentences) == grammar.LENGTH - 1


def test_the_probability_of_a_sentence_by_hand():
    chances = grammar.language().chances
    places = grammar.find(grammar.to_numbers(["the cat sleeps .", "the birds see the dog ."]))
    # Number 1/2, no clause 1/2, the noun 0.5 or 0.2, the verb 1/4; an object is there in half.
    assert chances[places[0]] == pytest.approx(0.5 * 0.5 * 0.5 * 0.5 * 0.5)
    assert chances[places[1]] == pytest.approx(0.5 * 0.2 * 0.5 * 0.25 * 0.5 * 2 * 0.3 / 2)


@pytest.mark.parametrize(
    "text",
    [
        "the cat sleep .",
        "the cat that sees the dogs run .",
        "the cats sees the dog .",
        "cat sleeps .",
        "the cat sleeps the dog .",
    ],
)
def test_what_is_no_sentence(text):
    assert grammar.find(grammar.to_numbers([text])) == [-1]


def test_a_clause_agrees_with_its_own_noun():
    text = "the cat that sees the dogs that hear the birds sleeps ."
    numbers = grammar.to_numbers([text])
    assert grammar.find(numbers) >= 0 and grammar.to_text(numbers) == [text]


def test_draws_follow_the_law():
    places = grammar.draw(20_000, np.random.default_rng(0))
    frequent = grammar.language().chances.argmax()
    assert (places == frequent).mean() == pytest.approx(grammar.language().chances.max(), abs=0.005)


def test_scores_of_known_models():
    true = grammar.language().chances
    perfect = grammar.score(true, np.arange(len(true)))
    assert perfect["valid"] == perfect["overlap"] == 1 and perfect["js"] == perfect["novel"] == 0
    one = np.zeros_like(true)
    one[3] = 1
    found = grammar.score(one, np.array([4]))
    assert found["valid"] == found["variety"] == found["novel"] == 1
    assert found["overlap"] == pytest.approx(true[3], abs=1e-4)
    even = grammar.score(np.full_like(true, 0.5 / len(true)), np.array([], int))
    assert even["valid"] == 0.5 and even["variety"] == pytest.approx(len(true))
    wrong = grammar.score(true * 1e-9, np.array([0]))
    assert wrong["js"] == pytest.approx(1, abs=1e-4) and wrong["overlap"] == 0


def test_counts_by_hand():
    rows = grammar.to_numbers(["the cat sleeps .", "the cat runs ."])
    counts = ngrams.Counts(rows, 2)
    the, cat, sleeps = (grammar.WORDS.index(word) for word in ("the", "cat", "sleeps"))
    lowest = (2 + 5 / 17) / (8 + 5)  # the, cat and . twice, two verbs: 8 words of 5 kinds
    assert counts.chances(())[cat] == pytest.approx(lowest)
    assert counts.chances((the,))[cat] == pytest.approx((2 + lowest) / 3)
    assert counts.chances((cat,)).sum() == pytest.approx(1)
    assert counts.chances((sleeps,))[0] == pytest.approx((1 + lowest) / 2)
    assert counts.chances((5,))[cat] == pytest.approx(lowest), "never seen: the lower order"
    chance = ngrams.sentence_chances(counts.log_chances(rows), rows)
    by_hand = np.prod(
        [
            counts.chances((before,))[word]
            for before, word in zip([-1, *rows[0]], rows[0][:4], strict=False)
        ]
    )
    assert chance[0] == pytest.approx(by_hand)


@pytest.mark.parametrize(("order", "perfect"), [(7, False), (8, True), (grammar.LENGTH, True)])
def test_eight_words_are_enough_with_endless_data(order, perfect):
    rows, true = grammar.language()
    chances = ngrams.sentence_chances(ngrams.true_log_chances(order), rows)
    assert np.allclose(chances, true) == perfect
    assert (chances.sum() > 0.999) == perfect


def test_temperature_sharpens():
    rows = np.zeros((1, grammar.LENGTH), np.int64)  # a full stop at once
    logs = np.full((1, grammar.LENGTH, len(grammar.WORDS)), -np.inf)
    logs[0, :, 0], logs[0, :, 1] = np.log(0.8), np.log(0.2)
    assert ngrams.sentence_chances(logs, rows)[0] == pytest.approx(0.8)
    assert ngrams.sentence_chances(logs, rows, 0.5)[0] == pytest.approx(0.64 / 0.68)


def test_sentences_held_out_are_drawn_anew_and_seeds_differ():
    known, held_out = study.data(0)
    assert len(known) == study.KNOWN and len(held_out) == study.HELD_OUT
    assert not np.array_equal(known, study.data(1)[0])
    assert not set(held_out) <= set(known)


def test_a_writer_gives_what_it_writes_with_its_probability():
    writer = study.untrained(0)
    with torch.no_grad():
        writer.head.bias[0] += 3  # short sentences
    torch.manual_seed(0)
    written = writer.write(4000)
    for rows in (written, writer.relaxed(4000).argmax(dim=2)):
        at_once = (rows[:, 0] == 0).float().mean().item()
        expected = writer(rows[:1])[0, 0].softmax(dim=0)[0].item()
        assert at_once == pytest.approx(expected, abs=0.03)
    ended = (written[:, :-1] == 0) & (written[:, 1:] != 0)
    assert not ended.any(), "nothing follows a full stop"


def test_log_chances_are_those_of_the_sweep(rows):
    writer = study.untrained(0)
    mine = training.log_chances(writer, torch.as_tensor(rows)).sum(dim=1).exp()
    theirs = ngrams.sentence_chances(study.logits(writer, rows), rows)
    np.testing.assert_allclose(mine.detach(), theirs, rtol=1e-3)


def test_rewards_have_mean_zero_and_reinforce_gives_the_writer_a_gradient(rows):
    judge, fake = training.Judge(), torch.as_tensor(rows[:64])
    whole = training.rewards(judge, fake, "whole", None)
    assert whole.shape == (64, grammar.LENGTH) and abs(whole[:, 0].mean()) < 1e-6
    each, going = training.rewards(judge, fake, "each", None), training.alive(fake)
    torch.testing.assert_close(each.sum(dim=0), torch.zeros(grammar.LENGTH), atol=1e-4, rtol=0)
    assert (each[going == 0] == 0).all()
    writer = study.untrained(0)
    (-(whole * training.log_chances(writer, fake)).sum()).backward()
    assert writer.head.weight.grad.abs().max() > 0


def test_the_ideal_discriminator_by_hand(rows):
    writer = study.untrained(0)
    fake = torch.as_tensor(grammar.to_numbers(["the cat sleeps .", "the cat sleep ."]))
    with torch.no_grad():
        own = training.log_chances(writer, fake).sum(dim=1).exp()[0].item()
        found = training.ideal(writer, fake)
    true = grammar.language().chances[grammar.find(fake.numpy()[:1])[0]]
    assert found[0].item() == pytest.approx(true / (true + own), rel=1e-4)
    assert found[1] == 0, "it is no sentence"


def test_a_discriminator_trained_first_changes_the_game(rows):
    start = study.untrained(0)
    games = [training.play(start, rows, 2, 0, first=first)[0] for first in (0, 5)]
    first, second = (study.logits(game, rows[:5]) for game in games)
    assert np.isfinite(second).all() and np.abs(first - second).max() > 1e-6


def test_the_last_word_has_its_own_reward_and_earlier_ones_more(rows):
    judge = training.Judge()
    with torch.no_grad():
        judge.head.weight.zero_()
        judge.head.bias.fill_(2.0)  # the same logit everywhere
    fake = torch.as_tensor(
        grammar.to_numbers(["the cat sleeps .", "the cat that sees the cat runs ."])
    )
    each = training.rewards(judge, fake, "each", None)
    one = 2 * torch.sigmoid(torch.tensor(2.0)) - 1
    short = one * (1 + training.DISCOUNT * 0)
    long = one * sum(training.DISCOUNT**k for k in range(5))
    torch.testing.assert_close(each[:, 3], torch.stack([short - long, long - short]) / 2)


def test_only_the_relaxed_words_carry_a_gradient():
    writer, judge = study.untrained(0), training.Judge()
    assert not writer.write(3).is_floating_point()
    judge(writer.relaxed(3)).mean().backward()
    assert writer.embed.weight.grad.abs().max() > 0


@pytest.mark.parametrize("kind", ["whole", "each", "gumbel", "ideal", "random"])
def test_a_game_changes_a_copy_and_can_be_repeated(rows, kind):
    start, _ = training.train_likelihood(rows, 100, 0)  # knows some valid sentences
    before = study.logits(start, rows[:5])
    games = [training.play(start, rows, 2, 0, kind)[0] for _ in range(2)]
    first, second = (study.logits(game, rows[:5]) for game in games)
    np.testing.assert_array_equal(first, second)
    np.testing.assert_array_equal(before, study.logits(start, rows[:5]))
    assert np.abs(first - before).max() > 1e-5


def test_likelihood_rises(rows):
    writer, copies = training.train_likelihood(rows, 20, 0, (1, 20))
    with torch.no_grad():
        early, late = (
            training.log_chances(copies[step], torch.as_tensor(rows)).sum() for step in (1, 20)
        )
    assert late > early + 100
    np.testing.assert_array_equal(study.logits(copies[20], rows), study.logits(writer, rows))


def test_floor_and_ceiling_have_the_columns_of_the_table():
    scores = {}
    for name in ("1-gram", "copy", "2-gram", "truth"):
        found = study.run(0, **study.SETTINGS[name])
        assert all({"seed", *row} == set(study.COLUMNS) for row in found)
        scores[name] = max(row["overlap"] for row in found)
    assert scores["1-gram"] < scores["2-gram"] < scores["copy"] < scores["truth"] == 1
