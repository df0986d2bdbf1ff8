"""Makes nir_lif_traces.npz: the eleven platforms of the NIR paper on one input. Run by hand, with the folder that holds their files:

    python nir_lif_traces.py FOLDER

The folder holds lif_<platform>.csv (columns: input, membrane, spike; 1,000 steps of 0.1 ms) of the repository neuromorphs/NIR, folder
paper. Licence of the data: BSD-3-Clause, see nir_lif_traces.LICENSE.md.
"""

import sys
from pathlib import Path

import numpy as np

PLATFORMS = (
    "exact", "lava_cpu_fixed", "lava_cpu_float", "lava_loihi_fixed", "nengo", "norse", "rockpool", "sinabs", "snntorch", "spinnaker2", "spyx",
)  # fmt: skip


def main(folder: Path) -> None:
    found = {}
    for platform in PLATFORMS:
        drive, v, spike = np.loadtxt(folder / f"lif_{platform}.csv", delimiter=",").T
        found |= {f"{platform}.v": v.astype(np.float32), f"{platform}.spikes": spike != 0, "input": drive != 0}
    np.savez_compressed(Path(__file__).with_suffix(".npz"), **found)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
