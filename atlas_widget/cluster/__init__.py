"""The same work on many machines, by Ray (extra `ray`), which is imported only when it is used.

Each worker has its own copy of the model, on a GPU of its own or on a core. What it computes
follows from the job alone, so a job whose machine is lost is given to another worker, and the
result is that of one machine.
"""

from atlas_widget.cluster.collecting import cluster_collector, collect_on_cluster
from atlas_widget.cluster.connection import connect
from atlas_widget.cluster.icons import invert_on_cluster
from atlas_widget.cluster.scanning import cluster_scanner

__all__ = [
    "cluster_collector",
    "cluster_scanner",
    "collect_on_cluster",
    "connect",
    "invert_on_cluster",
]
