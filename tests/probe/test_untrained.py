"""A copy that has learned nothing, as a control."""

from __future__ import annotations

import threading
from typing import ClassVar

import torch
from torch import nn

from atlas_widget.probe.untrained import untrained_copy


class Attentive(nn.Module):
    """Weights of every kind: convolutions, norms, attention's own matrix, a bare parameter."""

    def __init__(self) -> None:
        super().__init__()
        self.patches = nn.Conv2d(3, 8, 4, 4)
        self.norm = nn.BatchNorm2d(8)
        self.position = nn.Parameter(torch.randn(1, 16, 8))
        self.attention = nn.MultiheadAttention(8, 2, batch_first=True)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        tokens = self.norm(self.patches(x)).flatten(2).transpose(1, 2) + self.position
        return self.attention(tokens, tokens, tokens)[0].mean(1)


def test_nothing_that_was_learned_is_left() -> None:
    torch.manual_seed(1)
    model = Attentive()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.copy_(torch.randn(parameter.shape))
        model.norm.running_mean.fill_(3.0)
        model.norm.running_var.fill_(2.0)
    before = {name: value.clone() for name, value in model.state_dict().items()}
    state = torch.get_rng_state()
    stranger = untrained_copy(model, seed=5)
    assert torch.equal(torch.get_rng_state(), state)  # the user's random numbers go on
    for name, value in stranger.state_dict().items():
        if name != "norm.num_batches_tracked":
            assert not torch.equal(value, before[name]), name
        assert torch.equal(model.state_dict()[name], before[name])
    kept = stranger.position.flatten().sort().values  # what cannot begin anew is shuffled
    assert torch.equal(kept, before["position"].flatten().sort().values)
    again = untrained_copy(model, seed=5).state_dict()
    assert all(torch.equal(value, again[name]) for name, value in stranger.state_dict().items())


def test_what_another_thread_draws_meanwhile_is_not_drawn_again() -> None:
    """To save the generator's state and to restore it would rewind the draws of a training loop."""

    class Drawing(nn.Linear):
        drawn: ClassVar[list[float]] = []

        def reset_parameters(self) -> None:
            super().reset_parameters()
            other = threading.Thread(target=lambda: self.drawn.append(float(torch.rand(()))))
            other.start()
            other.join()

    torch.manual_seed(1)
    expected = [float(torch.rand(())) for _ in range(4)]
    torch.manual_seed(1)
    model = nn.Sequential(Drawing(2, 2, bias=False), Drawing(2, 2, bias=False))
    torch.manual_seed(1)
    Drawing.drawn.clear()
    untrained_copy(model)
    assert [*Drawing.drawn, float(torch.rand(())), float(torch.rand(()))] == expected
