"""What ended a run, read off its events."""

import dagster as dg
import pytest

from babynames_dagster.errors import ErrorCode
from babynames_dagster.orchestration.resources.failures import error_of_run


class Door(dg.ConfigurableResource):  # type: ignore[type-arg]  # Dagster's own examples leave it bare
    """A resource at whose opening or closing Ctrl-C is pressed."""

    at_opening: bool

    def setup_for_execution(self, context: dg.InitResourceContext) -> None:
        """Open it."""
        del context
        if self.at_opening:
            raise dg.DagsterExecutionInterruptedError

    def teardown_after_execution(self, context: dg.InitResourceContext) -> None:
        """Close it."""
        del context
        raise dg.DagsterExecutionInterruptedError


@dg.op
def use_it(door: Door) -> None:
    """Use a resource."""
    del door


@pytest.mark.parametrize("at_opening", [True, False])
def test_ctrl_c_outside_of_a_step_is_an_interruption(at_opening: bool) -> None:  # noqa: FBT001 - a parameter of the test
    job = dg.GraphDefinition("door", node_defs=[use_it]).to_job(resource_defs={"door": Door(at_opening=at_opening)})
    with dg.instance_for_test() as instance:
        result = job.execute_in_process(instance=instance, raise_on_error=False)
        error = error_of_run(result.all_events)
    assert error is not None
    assert (error.code, error.what) == (ErrorCode.INTERRUPTED, "It was stopped.")
