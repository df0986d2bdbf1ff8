"""Networks and spikes from and to other tools: NIR files, weights of peers, tables of events, Neo."""

from ranvier.interchange.conventions import CONVENTIONS, Convention
from ranvier.interchange.event_files import load_events, load_spikes, save_events
from ranvier.interchange.graph import Graph
from ranvier.interchange.lava_dl import from_lava_dl
from ranvier.interchange.neo import from_neo, spike_source, to_neo
from ranvier.interchange.network import Network
from ranvier.interchange.nir_read import load_nir
from ranvier.interchange.nir_write import save_nir
from ranvier.interchange.snntorch import from_snntorch
from ranvier.interchange.spikingjelly import from_spikingjelly
from ranvier.interchange.weights import Imported, place_weights

__all__ = [
    "CONVENTIONS", "Convention", "Graph", "Imported", "Network", "from_lava_dl", "from_neo", "from_snntorch", "from_spikingjelly",
    "load_events", "load_nir", "load_spikes", "place_weights", "save_events", "save_nir", "spike_source", "to_neo",
]  # fmt: skip
