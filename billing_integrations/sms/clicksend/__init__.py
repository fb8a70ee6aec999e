"""ClickSend: its REST API v3."""
