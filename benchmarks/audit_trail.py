"""What the audit trail costs: without it, with it, and with a chain hashed inside the transaction.

Eight connections change rows of one clinic with durable commits, while the sealer runs once a second;
then one statement loads many rows; then all of it is sealed and verified. All in one run.
Usage: python benchmarks/audit_trail.py [seconds per measurement] [rows of the load]
"""

from __future__ import annotations

import os
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "platform")]

from benchmarks.stage import as_superuser, new_clinic, stage  # noqa: E402 - found by the line above

if TYPE_CHECKING:
    from tenants.models import Tenant

CONNECTIONS = 8
STAMP = (
    "SELECT set_config('search_path', '{schema}, ext', true), "
    "set_config('rls.tenant_id', '{id}', true), set_config('nexus.actor', 'bench', true)"
)
CHANGE = "UPDATE practice_location SET phone = %s WHERE id = %s"
LOAD = (
    "INSERT INTO practice_location (id, name, short_name, colour, phone, email, address,"
    " time_zone, is_active) SELECT gen_random_uuid(), 'Place ' || i, '', '#4a6fa5', '', '', '', '', true"
    " FROM generate_series(1, %s) AS i"
)
CHAIN = """
CREATE TABLE bench_chain (h bytea);
INSERT INTO bench_chain VALUES ('');
GRANT SELECT, UPDATE ON bench_chain TO nexus_app, nexus_owner;
CREATE FUNCTION bench_link() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = {schema}, pg_temp AS $$
BEGIN
  UPDATE bench_chain SET h = sha256(h || NEW.commitment);
  RETURN NULL;
END $$;
CREATE TRIGGER bench_link AFTER INSERT ON audit_event
  FOR EACH ROW EXECUTE FUNCTION bench_link();
ALTER TABLE audit_event DISABLE TRIGGER bench_link;
"""


def main(seconds: float = 6.0, rows: int = 10_000) -> None:
    with stage() as servers:
        clinic = new_clinic("Bench")
        with as_superuser(servers, clinic) as admin:
            admin.execute("ALTER SYSTEM SET fsync = on")
            admin.execute("ALTER SYSTEM SET synchronous_commit = on")
            admin.execute("SELECT pg_reload_conf()")
            admin.execute(CHAIN.format(schema=clinic.schema_name))
            bench = Bench(clinic, admin, seconds)
            bench.compare_changes()
            bench.compare_loads(rows)
            bench.seal_and_verify()


class Bench:
    """One clinic, measured in three ways."""

    def __init__(self, clinic: Tenant, admin: psycopg.Connection, seconds: float) -> None:
        self.clinic, self.admin, self.seconds = clinic, admin, seconds
        self.stamp = STAMP.format(schema=clinic.schema_name, id=clinic.pk)

    def compare_changes(self) -> None:
        print(f"{CONNECTIONS} connections changing rows, durable commits, sealer every second:")
        places = self._places()
        rates = {}
        for way in ("no trail", "trail, sealed in background", "chain in the transaction"):
            self._switch(way)
            rates[way] = self._rate(places)
            ratio = rates[way] / rates["no trail"]
            print(f"  {way:<30} {rates[way]:8.0f} transactions/s  {ratio:6.1%}")

    def compare_loads(self, rows: int) -> None:
        print(f"one statement inserting {rows} rows:")
        for way in ("no trail", "trail, sealed in background", "chain in the transaction"):
            self._switch(way)
            with self._connect() as connection, connection.transaction():
                connection.execute(self.stamp)
                start = time.perf_counter()
                connection.execute(LOAD, [rows])
                print(f"  {way:<30} {time.perf_counter() - start:8.2f} s")

    def seal_and_verify(self) -> None:
        from audit import services, trails
        from audit.verification import verify

        trail = trails.trail_of(self.clinic)
        start = time.perf_counter()
        done = services.seal(trail)
        took = time.perf_counter() - start
        print(f"sealed {done.events} events in {took:.2f} s ({done.events / took:.0f}/s)")
        start = time.perf_counter()
        verdict = verify(trail)
        took = time.perf_counter() - start
        print(
            f"verified {verdict.events} events in {took:.2f} s ({verdict.events / took:.0f}/s): "
            f"{'clean' if verdict.ok else dict(verdict.counts)}"
        )

    def _connect(self) -> psycopg.Connection:
        return psycopg.connect(os.environ["DATABASE_URL"], autocommit=True)

    def _places(self) -> list[str]:
        with self._connect() as connection, connection.transaction():
            connection.execute(self.stamp)
            connection.execute(LOAD, [CONNECTIONS])
            return [row[0] for row in connection.execute("SELECT id FROM practice_location")]

    def _switch(self, way: str) -> None:
        trail = "DISABLE" if way == "no trail" else "ENABLE"
        chain = "ENABLE" if way.startswith("chain") else "DISABLE"
        self.admin.execute(f"ALTER TABLE practice_location {trail} TRIGGER USER")
        self.admin.execute(f"ALTER TABLE audit_event {chain} TRIGGER bench_link")

    def _rate(self, places: list[str]) -> float:
        stop, done = threading.Event(), []
        threads = [
            threading.Thread(target=self._change, args=(place, stop, done)) for place in places
        ]
        threads.append(threading.Thread(target=self._seal, args=(stop,)))
        for thread in threads:
            thread.start()
        time.sleep(self.seconds)
        stop.set()
        for thread in threads:
            thread.join()
        return sum(done) / self.seconds

    def _change(self, place: str, stop: threading.Event, done: list[int]) -> None:
        count = 0
        with self._connect() as connection:
            while not stop.is_set():
                with connection.transaction():
                    connection.execute(self.stamp)
                    connection.execute(CHANGE, [str(count), place])
                count += 1
        done.append(count)

    def _seal(self, stop: threading.Event) -> None:
        with self._connect() as connection:
            while not stop.wait(1):
                sealed = True
                while sealed:
                    with connection.transaction():
                        connection.execute(self.stamp)
                        sealed = connection.execute("SELECT audit_seal_batch(5000)").fetchone()


if __name__ == "__main__":
    main(*(convert(text) for convert, text in zip((float, int), sys.argv[1:], strict=False)))
