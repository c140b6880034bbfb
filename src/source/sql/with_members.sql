-- Opens a query of what was recorded of these tables with all that stood in their rows.
:with_relatives,
:members
