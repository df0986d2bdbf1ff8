"""Reservoirs, and cells that are read as reservoirs are, behind `ranvier train --model`: the same job, run folder and report as a network's.

`models` is the table of names; `job` fits one and writes its folder, `fitted` is one that decides, `work` counts what it did, `report` shows it.
"""
