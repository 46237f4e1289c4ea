"""One update of a PyTorch network, as the loops of the studies write it."""


def descend(optimizer, loss) -> None:
    """Update the optimiser's parameters once, along the gradient of a loss.

    Gradients of the same loss that reach other parameters stay there until their own optimiser's
    next update, which begins by clearing them.

    Parameters
    ----------
    optimizer : torch.optim.Optimizer
    loss : torch.Tensor
        A scalar.

    Examples
    --------
    >>> import torch
    >>> x = torch.tensor(3.0, requires_grad=True)
    >>> descend(torch.optim.SGD([x], lr=0.1), x.square())  # 3 − 0.1 · 2 · 3
    >>> round(x.item(), 6)
    2.4
    """
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
