"""Writes traub_miles.npz: steps of spikes of the Traub-Miles neuron under constant currents, by Brian2 (2.9.0 made it).

    python traub_miles_brian2.py

It needs Brian2 and nothing of Ranvier. Exponential Euler, 0.1 ms, 300 ms, float64; a spike is an upward crossing of -20 mV.
"""

from pathlib import Path

import brian2 as b
import numpy as np

CURRENTS = np.array([0.0, 0.1, 0.3, 1.0])  # nA

b.prefs.codegen.target = "numpy"
b.defaultclock.dt = 0.1 * b.ms
cells = b.NeuronGroup(
    len(CURRENTS),
    """dv/dt = (10*nS*(-60*mV-v) - 20*usiemens*m**3*h*(v-50*mV) - 6*usiemens*n**4*(v+90*mV) + drive)/(200*pF) : volt
    dm/dt = alpha_m*(1-m) - beta_m*m : 1
    dn/dt = alpha_n*(1-n) - beta_n*n : 1
    dh/dt = alpha_h*(1-h) - beta_h*h : 1
    u = (v + 63*mV)/mV : 1
    alpha_m = 0.32*4/exprel((13-u)/4)/ms : Hz
    beta_m = 0.28*5/exprel((u-40)/5)/ms : Hz
    alpha_h = 0.128*exp((17-u)/18)/ms : Hz
    beta_h = 4/(1+exp((40-u)/5))/ms : Hz
    alpha_n = 0.032*5/exprel((15-u)/5)/ms : Hz
    beta_n = 0.5*exp((10-u)/40)/ms : Hz
    drive : amp""",
    threshold="v >= -20*mV",
    refractory="v >= -30*mV",
    method="exponential_euler",
)
cells.v = -60 * b.mV
for gate in "mhn":
    opens, closes = np.asarray(getattr(cells, f"alpha_{gate}")[:]), np.asarray(getattr(cells, f"beta_{gate}")[:])
    setattr(cells, gate, opens / (opens + closes))
cells.drive = CURRENTS * b.nA
monitor, trace = b.SpikeMonitor(cells), b.StateMonitor(cells, "v", record=True, dt=1 * b.ms)
b.run(300 * b.ms)
np.savez_compressed(
    Path(__file__).with_name("traub_miles.npz"), currents=CURRENTS, neurons=np.asarray(monitor.i).astype(np.int8),
    steps=np.round(np.asarray(monitor.t) / 1e-4).astype(np.int16), v=np.asarray(trace.v).astype(np.float32), version=b.__version__,
)  # fmt: skip
