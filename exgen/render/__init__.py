"""From the document to files; nothing here touches the target folder."""
