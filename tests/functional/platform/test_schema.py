"""Promises of the schema, held against the catalogue itself: whoever adds a table meets them here."""

from __future__ import annotations

import re
from importlib import resources

import pytest

from tests.support.world import World

# Functions that run with other rights than their caller's, each with its reason. They answer ids or counts only.
DEFINERS = {
    "enter_service": "a key's tenant is unknown before the key is proven",
    "prepare_partitions": "creating partitions needs their owner; owned by whoever migrates",
    "drop_old_keys": "ages rows of all tenants; answers a count",
    "tenants_with_outbox": "finds who has work waiting; answers tenant ids",
    "tenant_ids": "lets schedules visit each tenant; answers tenant ids",
}
OWNED_BY_MIGRATOR = {"prepare_partitions"}
ID_TYPES = {"uuid", "bigint", "integer", "SETOF uuid"}

# Tables that belong to no tenant.
WITHOUT_TENANT = {
    "tenants": "is the tenant; its policy looks at id",
    "schema_migrations": "what was migrated; the application has no right to it",
    "orphan_letters": "dead messages that name no tenant; the application may only put them there",
}

RELATIONS = """
SELECT c.relname, c.relkind::text, c.relispartition, c.relrowsecurity, c.relforcerowsecurity, pg_get_userbyid(c.relowner), c.reloptions::text,
       EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'tenant_id' AND NOT a.attisdropped)
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
 WHERE n.nspname IN ('public', 'sweep') AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
   AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = c.oid AND d.deptype = 'e')
"""


def migrations() -> str:
    files = sorted(resources.files("sidedesk.migrations").iterdir(), key=lambda file: file.name)
    return "\n".join(file.read_text(encoding="utf-8") for file in files if file.name.endswith(".sql"))


def test_every_table_has_a_tenant_and_a_forced_policy_or_a_reason(world: World) -> None:
    policies: dict[str, list[tuple]] = {}
    for table, roles, using, check in world.sql(
        "SELECT tablename, roles::text[], qual, with_check FROM pg_policies WHERE schemaname = 'public'"
    ):
        policies.setdefault(table, []).append((roles, using, check))
    tables = 0
    for name, kind, partition, secured, forced, _, _, has_tenant in world.sql(RELATIONS):
        if kind not in ("r", "p") or partition:
            continue
        tables += 1
        if not has_tenant:
            assert name in WITHOUT_TENANT, f"{name} has no tenant_id: give it one, or a reason here"
            if name != "tenants":
                continue
        assert secured, f"{name}: row-level security is off"
        assert forced, f"{name}: row-level security does not bind its owner"
        column = "id" if name == "tenants" else "tenant_id"
        ours = [policy for policy in policies.get(name, []) if "sidedesk_app" in policy[0] or "public" in policy[0]]
        assert ours, f"{name} has no policy for the application"
        for roles, using, check in ours:
            assert roles == ["sidedesk_app"], f"{name}: a policy for {roles}"
            for expression in (using, check):
                assert expression is not None, name
                assert re.fullmatch(rf"\({column} = \( SELECT current_tenant\(\) AS current_tenant\)\)", expression), (
                    name,
                    expression,
                )
        for roles, _, _ in policies[name]:
            assert set(roles) <= {"sidedesk_app", "sidedesk_sweeper"}, name
    assert tables > 15


def test_views_see_with_the_eyes_of_the_caller_and_hidden_copies_are_not_granted(world: World) -> None:
    for name, kind, partition, _, _, _, options, _ in world.sql(RELATIONS):
        if kind == "v":
            assert "security_invoker=true" in (options or "").replace("on", "true"), (
                f"view {name} is not security_invoker"
            )
        if kind in ("m", "f") or partition:
            granted = world.sql(
                "SELECT privilege_type FROM information_schema.role_table_grants WHERE table_name = %s AND grantee IN ('sidedesk_app', 'PUBLIC')",
                (name,),
            )
            assert granted == [], f"{name} is granted to the application: {granted}"


def test_the_application_owns_nothing_and_may_create_nothing(world: World) -> None:
    assert world.sql("SELECT relname FROM pg_class WHERE pg_get_userbyid(relowner) = 'sidedesk_app'") == []
    assert world.sql("SELECT proname FROM pg_proc WHERE pg_get_userbyid(proowner) = 'sidedesk_app'") == []
    [(role,)] = world.sql(
        "SELECT row_to_json(r) FROM (SELECT rolsuper, rolbypassrls, rolcreaterole, rolcreatedb, rolinherit FROM pg_roles WHERE rolname = 'sidedesk_app') r"
    )
    assert not any(role.values()), role
    assert world.sql("SELECT 1 FROM pg_auth_members m WHERE pg_get_userbyid(m.member) = 'sidedesk_app'") == []
    for schema in ("public", "sweep"):
        assert world.sql("SELECT has_schema_privilege('sidedesk_app', %s, 'CREATE')", (schema,)) == [(False,)]
    assert world.sql("SELECT has_table_privilege('sidedesk_app', 'schema_migrations', 'SELECT')") == [(False,)]
    granted = world.sql(
        "SELECT table_name FROM information_schema.role_table_grants WHERE table_schema IN ('public', 'sweep') AND grantee = 'PUBLIC'"
    )
    assert granted == []


def test_functions_run_as_their_caller_with_a_fixed_path_or_are_listed(world: World) -> None:
    rows = world.sql(
        "SELECT n.nspname, p.proname, p.prosecdef, p.proconfig::text, pg_get_userbyid(p.proowner), pg_get_function_result(p.oid), "
        "p.prokind::text, has_function_privilege('public', p.oid, 'EXECUTE'), p.proargmodes::text, "
        "(SELECT array_agg(format_type(t, NULL)) FROM unnest(p.proallargtypes) WITH ORDINALITY AS a (t, i) WHERE p.proargmodes[i] = 't') "
        "FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace WHERE n.nspname IN ('public', 'sweep') "
        "AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = p.oid AND d.deptype = 'e')"
    )
    seen = set()
    for schema, name, definer, config, owner, result, _, everybody, _, columns in rows:
        assert "search_path=" in (config or ""), f"{name} has no fixed search_path"
        if not definer:
            assert schema == "public", f"{name}: only definer functions live in sweep"
            continue
        seen.add(name)
        assert name in definers_of_all(), (
            f"{schema}.{name} is SECURITY DEFINER: give the reason in this test or make it INVOKER"
        )
        assert schema == "sweep", name
        assert name in OWNED_BY_MIGRATOR or owner == "sidedesk_sweeper", f"{name} is owned by {owner}"
        assert not everybody, f"{name} may be executed by everybody"
        answers = set(columns or [result])
        assert answers <= ID_TYPES, f"{name} answers {answers}: ids and counts only"
    assert set(DEFINERS) <= seen


def definers_of_all() -> set[str]:
    """Ours, and those that a capability's migration explains in a comment above them."""
    explained = set(re.findall(r"--[^\n]+\n(?:--[^\n]*\n)*CREATE (?:OR REPLACE )?FUNCTION sweep\.(\w+)", migrations()))
    return set(DEFINERS) | explained


def test_every_foreign_key_is_indexed(world: World) -> None:
    rows = world.sql(
        "SELECT c.conrelid::regclass::text, c.conname, array(SELECT a.attname::text FROM unnest(c.conkey) WITH ORDINALITY k (n, i) "
        "JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = k.n ORDER BY k.i) AS columns FROM pg_constraint c "
        "JOIN pg_class r ON r.oid = c.conrelid JOIN pg_namespace n ON n.oid = r.relnamespace "
        "WHERE c.contype = 'f' AND n.nspname = 'public' AND NOT r.relispartition AND c.conparentid = 0"
    )
    indexes: dict[str, list[list[str]]] = {}
    for table, columns in world.sql(
        "SELECT i.indrelid::regclass::text, array(SELECT a.attname::text FROM unnest(i.indkey::int2[]) WITH ORDINALITY k (n, p) "
        "LEFT JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.n ORDER BY k.p) FROM pg_index i WHERE i.indisvalid"
    ):
        indexes.setdefault(table, []).append(columns)
    assert len(rows) > 10
    for table, name, columns in rows:
        covered = any(set(index[: len(columns)]) == set(columns) for index in indexes.get(table, []))
        assert covered, f"{table}: foreign key {name} ({', '.join(columns)}) has no index that starts with it"


def test_what_only_grows_is_partitioned_or_says_why_not(world: World) -> None:
    """Append-only is what the application may insert and never delete."""
    text = migrations()
    for (name,) in world.sql(
        "SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = 'public' AND c.relkind = 'r' AND NOT c.relispartition "
        "AND has_table_privilege('sidedesk_app', c.oid, 'INSERT') AND NOT has_table_privilege('sidedesk_app', c.oid, 'DELETE') "
        "AND NOT has_table_privilege('sidedesk_app', c.oid, 'UPDATE')"
    ):
        before = text.partition(f"CREATE TABLE {name} (")[0]
        comment = re.search(r"((?:^--[^\n]*\n)+)\Z", before, re.MULTILINE)
        assert comment is not None, f"{name} only grows: partition it, or say above it why not"
    for name in ("audit_events", "ai_usage"):
        partitions = world.sql("SELECT count(*) FROM pg_inherits WHERE inhparent = %s::regclass", (name,))
        assert partitions[0][0] >= 5, name


def test_only_the_extensions_we_say(world: World) -> None:
    assert {name for (name,) in world.sql("SELECT extname FROM pg_extension")} <= {"plpgsql", "vector"}


@pytest.mark.parametrize(
    "text",
    [
        "SELECT * FROM audit_events_rest",
        "CREATE TABLE mine (a int)",
        "SET ROLE sidedesk_sweeper",
        "SELECT * FROM schema_migrations",
        "ALTER TABLE members DISABLE ROW LEVEL SECURITY",
        "DELETE FROM audit_events",
        "UPDATE audit_events SET event = 'x'",
    ],
)
def test_what_the_application_may_not_do(world: World, text: str) -> None:
    with pytest.raises(Exception, match=r"permission denied|must be owner"):
        world.database.run(world.northwind.system, text)
