"""Hardware: weights on a grid, networks in whole numbers, the limits of chips, and C.

>>> import ranvier as rv
>>> net = rv.hardware.quantise(rv.Sequential(rv.Linear(4, 3), rv.LIF(), rate=None), bits=4)
>>> rv.hardware.quantisation(net).layers[0].bits
4
"""

from ranvier.hardware.c_export import CExport, export_c
from ranvier.hardware.check import check, unchecked
from ranvier.hardware.chips import CHIPS, Violation
from ranvier.hardware.fixed_point import FixedPoint, FixedRun
from ranvier.hardware.grid import FakeQuantise, Grid
from ranvier.hardware.quantise import Quantisation, codes, quantisation, quantise, quantise_aware

__all__ = [
    "CHIPS", "CExport", "FixedPoint", "FixedRun", "Grid", "Quantisation", "FakeQuantise", "Violation", "check", "codes", "export_c",
    "quantisation", "quantise", "quantise_aware", "unchecked",
]  # fmt: skip
