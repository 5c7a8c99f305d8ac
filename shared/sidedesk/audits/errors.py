"""What can be refused about audits."""

from sidedesk.platform.errors import Conflict, Forbidden, InvalidRequest, NotFound


class JobNotFound(NotFound):
    code = "job_not_found"
    message = "There is no run with this id."


class ScorecardNotFound(NotFound):
    code = "scorecard_not_found"
    message = "There is no scorecard with this id."


class AuditNotFound(NotFound):
    code = "audit_not_found"
    message = "There is no audit with this id."


class UnknownPeople(InvalidRequest):
    code = "unknown_people"


class RunTooLarge(InvalidRequest):
    code = "run_too_large"


class JobFinished(Conflict):
    code = "job_finished"


class NothingToRetry(Conflict):
    code = "nothing_to_retry"
    message = "No agent of this run has failed, so there is nothing to retry."


class NotYourJob(Forbidden):
    code = "not_your_job"
    message = "Only the person who started this run, or an admin, may do this."


class ScorecardInUse(Conflict):
    code = "scorecard_changed"
    message = "Somebody else changed this scorecard. Reload it and apply your change again."


class NotYourAudit(Forbidden):
    code = "not_your_audit"
    message = "Only the person an audit is about may dispute it. Reviewers add their own marks instead."


class AlreadyDisputed(Conflict):
    code = "already_disputed"
    message = "This audit cannot be disputed now: a dispute is open, or it has no score."


class DisputeNotFound(NotFound):
    code = "dispute_not_found"
    message = "There is no dispute with this id."


class DisputeClosed(Conflict):
    code = "dispute_closed"


class NotHeld(Conflict):
    code = "not_held"
    message = "Only an audit that is held can be published with a person's marks. Others change through a dispute."
