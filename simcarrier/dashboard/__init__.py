"""Pages that people keep open: what the carrier does now, its calls, what the codes say over time, the scenario.

`site` puts the pages together from their `sources`: a carrier that runs (`running`), records that are kept (`book`), or
both. Each page is one module in `pages`, with the template of its name. A page is made on the server; what moves on it
are *parts*, elements with an id whose HTML `pulse` sends again when it has changed, so that one template says how a
thing looks, at first and later. Scripts in `static` only put parts in, show times in the reader's zone, and draw charts
of tables that are there without them.

Nothing here decides anything: whatever changes something goes the way of the control API (`simcarrier.web`).
"""
