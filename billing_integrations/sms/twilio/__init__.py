"""Twilio: the Programmable Messaging API of 2010-04-01 (spec: twilio-oai)."""
