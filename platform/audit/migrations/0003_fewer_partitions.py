"""Fewer partitions: those of years far off cost every new clinic time."""

from __future__ import annotations

from django.db import migrations

from audit.ddl import DropPartitions


class Migration(migrations.Migration):
    dependencies = [("audit", "0002_origin")]

    operations = [DropPartitions()]
