"""A run of the demo's first scenario: kept, and published to the sample agency, which else would see nothing."""

from __future__ import annotations

from lodeline.office.sample.people import Office
from lodeline.office.strategy import releases, runs
from lodeline.service.strategy.inputs import inputs_of
from lodeline.strategy.inputs.tables import scenarios_of


def publish(office: Office) -> None:
    """Keeps the run and publishes it; nothing where nobody has filed a scenario, as in a bare demo."""
    found = scenarios_of(inputs_of(office.store))
    if not found:
        return
    analyst = office.who("analyst")
    run = runs.save(analyst, office.store, found[0].name, now=office.now)
    runs.run_job({"run": run.reference}, lambda share: None)
    if runs.load(analyst, run.reference).state == runs.State.DONE:
        releases.propose(analyst, run.reference, now=office.now)
        releases.confirm(office.who("analyst-2"), run.reference, now=office.now)
