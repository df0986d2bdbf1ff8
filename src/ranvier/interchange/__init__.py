"""Networks from and to other tools: NIR files, weights of peers."""

from ranvier.interchange.conventions import CONVENTIONS, Convention
from ranvier.interchange.graph import Graph
from ranvier.interchange.lava_dl import from_lava_dl
from ranvier.interchange.network import Network
from ranvier.interchange.nir_read import load_nir
from ranvier.interchange.nir_write import save_nir
from ranvier.interchange.snntorch import from_snntorch
from ranvier.interchange.spikingjelly import from_spikingjelly
from ranvier.interchange.weights import Imported, place_weights

__all__ = [
    "CONVENTIONS", "Convention", "Graph", "Imported", "Network", "from_lava_dl", "from_snntorch", "from_spikingjelly", "load_nir",
    "place_weights", "save_nir",
]  # fmt: skip
