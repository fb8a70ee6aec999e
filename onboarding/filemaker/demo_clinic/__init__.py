"""A synthetic allied-health clinic as a grown FileMaker solution, with the real world's defects.

For `make demo`, tests and benchmarks. No real person's data: see `names`.
"""

from onboarding.filemaker.demo_clinic.clinic import write_demo_clinic
from onboarding.filemaker.demo_clinic.facts import DemoClinicFacts, FactorError

__all__ = ["DemoClinicFacts", "FactorError", "write_demo_clinic"]
