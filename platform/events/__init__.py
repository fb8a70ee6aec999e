"""Live changes: who writes says that something changed, open pages look again within two seconds.

    a commit → PostgreSQL notification → relay → Valkey → event server → the browsers of that clinic

What travels is a topic, at most the days or the person concerned: never what was written.
"""
