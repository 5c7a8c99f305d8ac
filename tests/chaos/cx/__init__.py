"""`make chaos-cx`: messages, drafts and approvals on a stack of their own, while parts are killed. Prints figures, fails when one is off."""
