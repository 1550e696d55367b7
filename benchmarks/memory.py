"""Memory of several open layers: one copy of the model, whatever their number.

Counts the storages behind everything that the probes' encoders hold (the copy itself and the faster
ones made of it), and compares with as many probes opened one by one.

    python benchmarks/memory.py
"""

from __future__ import annotations

import torch
from torch import nn

from atlas_widget import LayerProbe, demo
from atlas_widget.probe import PrivateModel

MIB = 2**20


def storages(*models: nn.Module) -> int:
    """Return the bytes of the distinct storages behind parameters and buffers."""
    found = {}
    for model in models:
        for tensor in (*model.parameters(), *model.buffers()):
            storage = tensor.untyped_storage()
            found[storage.data_ptr()] = storage.nbytes()
    return sum(found.values())


def held(probes: list[LayerProbe]) -> int:
    encoders = [encoder for probe in probes for encoder in (probe.plain, probe.accelerated())]
    return storages(*(encoder.runner.model for encoder in encoders))


def main() -> None:
    torch.set_num_threads(1)
    for title, model in (("EfficientNet-Lite0", demo.model()), ("EfficientNet-Lite2", lite2())):
        layers = [f"blocks.{block}.0" for block in range(7)] + ["conv_head"]
        print(f"{title}: weights and buffers {storages(model) / MIB:.1f} MiB")
        print("layers   one copy   a copy each   (MiB, the faster copies included)")
        for count in (1, 4, 8):
            with PrivateModel(model, device="cpu") as private:
                shared = held([LayerProbe(private, layer) for layer in layers[:count]])
            apart = held([LayerProbe(model, layer, device="cpu") for layer in layers[:count]])
            print(f"{count:6d} {shared / MIB:10.1f} {apart / MIB:13.1f}")


def lite2() -> nn.Module:
    import timm

    return timm.create_model("tf_efficientnet_lite2")


if __name__ == "__main__":
    main()
