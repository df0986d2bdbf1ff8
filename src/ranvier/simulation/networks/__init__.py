"""Standard networks of the field, one a file: functions that give a built-up `Network` and its populations.

>>> from ranvier.simulation import networks
>>> net, (e, i) = networks.cuba(n_exc=80, n_inh=20, p=0.1)
"""

from ranvier.simulation.networks.brunel import brunel as brunel
from ranvier.simulation.networks.built import Built as Built
from ranvier.simulation.networks.celegans import celegans as celegans
from ranvier.simulation.networks.coba import coba as coba
from ranvier.simulation.networks.cuba import cuba as cuba
from ranvier.simulation.networks.hh_coba import hh_coba as hh_coba
from ranvier.simulation.networks.izhikevich import izhikevich as izhikevich
from ranvier.simulation.networks.microcircuit import microcircuit as microcircuit
from ranvier.simulation.networks.synfire import synfire as synfire
