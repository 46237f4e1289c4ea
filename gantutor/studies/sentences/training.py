"""A recurrent writer of sentences: trained by likelihood, by REINFORCE, by the Gumbel-softmax."""

import copy

import numpy as np
import torch
from torch import nn
from torch.nn.functional import cross_entropy, gumbel_softmax, one_hot, softplus

from gantutor.runs import seeds
from gantutor.studies.sentences.grammar import LENGTH, WORDS, find, language
from gantutor.torch import optimizers

WIDTH = 48
BATCH_SIZE = 64
RATE = 3e-3  # of Adam, for likelihood
RATE_OF_GAMES = 3e-4  # for the writer
JUDGE_RATE = 1e-3
BETAS = (0.5, 0.99)
DISCOUNT = 0.25  # of the rewards of later words


class Writer(nn.Module):
    """A recurrent network that returns the logits of the next word."""

    def __init__(self, width: int = WIDTH):
        super().__init__()
        self.embed = nn.Linear(len(WORDS), width, bias=False)
        self.start = nn.Parameter(torch.zeros(width))
        self.cell = nn.GRU(width, width, batch_first=True)
        self.head = nn.Linear(width, len(WORDS))

    def forward(self, rows):
        """Return the logits at each place of sentences [N, 14], shape [N, 14, 17]."""
        before = self.embed(one_hot(rows[:, :-1], len(WORDS)).float())
        first = self.start.expand(len(rows), 1, -1)
        return self.head(self.cell(torch.cat([first, before], dim=1))[0])

    def write(self, count, temperature=1.0):
        """Draw sentences word by word, int64 [N, 14]; full stops follow a full stop."""
        uniform = torch.rand(LENGTH, count, len(WORDS)).clamp(1e-9, 1 - 1e-7)
        noise, words = -torch.log(-torch.log(uniform)), self.embed.weight.T
        word, state, found = self.start.expand(count, -1), None, []
        going = torch.ones(count, dtype=torch.long)
        with torch.no_grad():
            for step in range(LENGTH):
                out, state = self.cell(word[:, None], state)
                chosen = (self.head(out[:, 0]) / temperature + noise[step]).argmax(dim=1) * going
                going = going * (chosen > 0)
                found.append(chosen)
                word = words[chosen]
        return torch.stack(found, dim=1)

    def relaxed(self, count, temperature=1.0):
        """Draw sentences as rows of zeros and ones, [N, 14, 17], that carry a gradient.

        The words are draws; the gradient is that of the straight-through Gumbel-softmax at
        temperature 1.
        """
        stop = one_hot(torch.zeros(count, dtype=torch.long), len(WORDS)).float()
        word, state, going, found = self.start.expand(count, 1, -1), None, torch.ones(count, 1), []
        for _ in range(LENGTH):
            out, state = self.cell(word, state)
            chosen = gumbel_softmax(self.head(out[:, 0]) / temperature, hard=True)
            chosen = going * chosen + (1 - going) * stop
            going = going * (1 - chosen[:, :1].detach())
            found.append(chosen)
            word = self.embed(chosen)[:, None]
        return torch.stack(found, dim=1)


class Judge(nn.Module):
    """A discriminator: sentences [N, 14, 17] → logits [N]."""

    def __init__(self, width: int = WIDTH):
        super().__init__()
        self.embed = nn.Linear(len(WORDS), width)
        self.cell = nn.GRU(width, width, batch_first=True)
        self.head = nn.Linear(width, 1)

    def each(self, words):
        """Return a logit after each word, [N, 14]."""
        return self.head(self.cell(self.embed(words))[0])[..., 0]

    def forward(self, words):
        """Return the logit after the last word, [N]."""
        return self.each(words)[:, -1]


def adam(network, rate=JUDGE_RATE, betas=BETAS):
    """Return Adam for a network."""
    return optimizers.adam(network.parameters(), rate, betas)


def alive(rows):
    """Return 1 up to the first full stop, 0 after it, float [N, 14]."""
    return (torch.arange(LENGTH) <= (rows != 0).sum(dim=1, keepdim=True)).float()


def log_chances(writer, rows):
    """Return the logarithm of the chance of each word of sentences, 0 after the end, [N, 14]."""
    return -cross_entropy(writer(rows).transpose(1, 2), rows, reduction="none") * alive(rows)


def update(optimizer, loss):
    """Take one step down a loss."""
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()


def batches(rows: np.ndarray, seed: int, place: int = 0):
    """Yield random batches of sentences without an end."""
    rng = seeds.rng(seed, "order", place)
    while True:
        yield torch.as_tensor(rows[rng.integers(len(rows), size=BATCH_SIZE)])


def train_likelihood(rows, steps, seed, keep=()):
    """Train a writer to give the training sentences a high probability; return it and copies.

    Parameters
    ----------
    rows : numpy.ndarray of int, shape [N, 14]
        Sentences to train on.
    steps : int
        Updates.
    seed : int
        Of weights and batches.
    keep : sequence of int
        After how many updates a copy is kept.

    Returns
    -------
    Writer, dict of int to Writer
    """
    torch.manual_seed(seeds.number(seed, "generator"))
    writer, copies = Writer(), {}
    optimizer = adam(writer, RATE, (0.9, 0.999))
    for step, real in zip(range(1, steps + 1), batches(rows, seed), strict=False):
        update(optimizer, -log_chances(writer, real).sum(dim=1).mean())
        if step in keep:
            copies[step] = copy.deepcopy(writer)
    return writer, copies


def play(writer, rows, steps, seed, kind="whole", rate=RATE_OF_GAMES, first=0, keep=()):
    """Train a copy of a writer against a discriminator; return it and copies of it.

    Parameters
    ----------
    writer : Writer
        What to start from.
    rows : numpy.ndarray of int, shape [N, 14]
        Sentences to train on.
    steps : int
        Updates of each player.
    seed : int
    kind : {"whole", "each", "gumbel", "ideal", "random"}
        REINFORCE with one reward for a sentence; with a reward for each word, to which those of
        the later words are added, discounted; or the straight-through Gumbel-softmax. The last two
        have no network as discriminator: the reward of a sentence is p / (p + q), with its true
        probability p and the writer's q; or a random number.
    rate : float
        Of the writer's Adam.
    first : int
        Updates of the discriminator before the game.
    keep : sequence of int
        After how many updates a copy is kept.

    Returns
    -------
    Writer, dict of int to Writer
    """
    writer, copies = copy.deepcopy(writer), {}
    torch.manual_seed(seeds.number(seed, "discriminator"))
    judge = Judge()
    g_adam, d_adam = adam(writer, rate), adam(judge)
    real_batches = batches(rows, seed, 1)
    for _ in range(first):
        fake = writer.write(BATCH_SIZE)
        update(d_adam, judge_loss(judge, next(real_batches), fake, kind))
    for step in range(1, steps + 1):
        real = next(real_batches)
        relaxed = writer.relaxed(BATCH_SIZE) if kind == "gumbel" else None
        fake = writer.write(BATCH_SIZE) if relaxed is None else relaxed.detach().argmax(dim=2)
        if kind not in ("ideal", "random"):
            update(d_adam, judge_loss(judge, real, fake, kind))
        if kind == "gumbel":
            update(g_adam, softplus(-judge(relaxed)).mean())
        else:
            advantage = rewards(judge, fake, kind, writer)
            update(g_adam, -(advantage * log_chances(writer, fake)).sum(dim=1).mean())
        if step in keep:
            copies[step] = copy.deepcopy(writer)
    return writer, copies


def judge_loss(judge, real, fake, kind):
    """Return the discriminator's loss, of whole sentences or at each word of them."""
    hot_real, hot_fake = (one_hot(rows, len(WORDS)).float() for rows in (real, fake))
    if kind != "each":
        return softplus(-judge(hot_real)).mean() + softplus(judge(hot_fake)).mean()
    real_loss = (softplus(-judge.each(hot_real)) * alive(real)).sum() / alive(real).sum()
    return real_loss + (softplus(judge.each(hot_fake)) * alive(fake)).sum() / alive(fake).sum()


def ideal(writer, fake):
    """Return what the best possible discriminator says: true chances p and the writer's q, [N]."""
    place = torch.as_tensor(find(fake.numpy()))
    true = torch.as_tensor(language().chances, dtype=torch.float32)[place] * (place >= 0)
    own = log_chances(writer, fake).sum(dim=1).exp()
    return true / (true + own)


def rewards(judge, fake, kind, writer):
    """Return for each word how much better than the mean its reward is, [N, 14]."""
    with torch.no_grad():
        hot = one_hot(fake, len(WORDS)).float()
        if kind != "each":
            if kind == "whole":
                reward = torch.sigmoid(judge(hot))
            else:
                reward = torch.rand(len(fake)) if kind == "random" else ideal(writer, fake)
            return (reward - reward.mean())[:, None].expand(-1, LENGTH)
        reward = (2 * torch.sigmoid(judge.each(hot)) - 1) * alive(fake)
        later, going, coming = torch.zeros_like(reward), alive(fake), 0.0
        for place in reversed(range(LENGTH)):
            later[:, place] = coming = reward[:, place] + DISCOUNT * coming
        return (later - (later * going).sum(dim=0) / going.sum(dim=0).clamp(min=1)) * going
