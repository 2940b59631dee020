#!/usr/bin/python3
"""to_mps.py PROBLEM OUT [relaxed]: an explicit problem as free MPS, integer or as its linear relaxation."""
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from problem import Problem  # noqa: E402

Problem(sys.argv[1]).write_mps(sys.argv[2], relaxed=len(sys.argv) > 3)
