"""Files for others: one writer a format, all from the same layer; nothing here knows the store."""
