"""`make chaos-audits`: whole audit runs on a stack of their own, while its parts are killed. Prints figures, fails when one is off."""
