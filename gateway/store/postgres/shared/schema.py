"""The shape of the database that several hosts share, as numbered steps, in a schema of its own: `gateway_shared`.

Who writes what:

- `member` has one row for each life of a host's engine for shared kinds. `join_members` makes it, and gives it its groups; they stay the
  same for that life. The life itself raises `commits` with each commit, and `renew` its lease. Who joins later fences those whose lease is
  over by the database's clock: from then on a commit of theirs writes nothing, for its first act is to look here.
- `placement` says which life has which group. Only `join_members` writes it, one host at a time. `unclean` counts the lives in a row that
  did not give the group back.
- `the_time` is the clock of all leases: the database's, or a test's.
- `post` holds messages on their way between hosts. The commit of the turn that sends one writes it; the commit that has it as mail
  deletes it: so each message is taken in once. `to_grp` names the group of its receiver; `to_member` the life where somebody waits for an
  answer; `to_host` the host whose own devices it is for. `n` rises over all hosts, `x` is the transaction that wrote it.
- `host_mark` and `handed` say what each host that is no member has handed in: see `edge_step.py`.
- `host_name` says which gateway has which name: see `host_name.py`. `host_state` says how each host is: see `board_step.py`. `post_wait`
  says which host waits for whom: see `bound_step.py`.
- Everything else is as in `gateway`: the rows of an actor are written by the life that has its group, and by no other. The database
  computes `grp` from the id as `gateway.actors.ids` does.

Texts and bytes are as in `gateway`. Source: PostgreSQL, "Generated Columns", "Explicit Locking", "Transaction ID and Snapshot Information".
"""

from gateway.actors.ids import GROUPS
from gateway.store.postgres.commit import BEHIND, FENCED, SHARED_PARAMETERS, UNBOUNDED_PARAMETERS, commit_function
from gateway.store.postgres.schema import ACTOR, DEAD, EVENT, MAIL, SEEN
from gateway.store.postgres.shared.board_step import BOARD_STEP
from gateway.store.postgres.shared.bound_step import BOUND_STEP, BOUNDED_POST
from gateway.store.postgres.shared.edge_step import EDGE_STEP
from gateway.store.postgres.shared.host_name import NAME_STEP

SCHEMA = "gateway_shared"
_ONE_AT_A_TIME = 0x736861726564
"""Key of the lock that who joins holds: "shared" as a number."""
LATE = "lease_until < the_time() AND the_time() > up_since() + lease"
"""Whose lease is over. Where the database itself was away nobody could renew: it is up for as long as a lease first."""

_GRP = "grp smallint GENERATED ALWAYS AS (group_of({})) STORED"

_TABLES = f"""
    CREATE FUNCTION the_time() RETURNS timestamptz LANGUAGE sql VOLATILE AS 'SELECT clock_timestamp()';
    CREATE FUNCTION up_since() RETURNS timestamptz LANGUAGE sql STABLE AS 'SELECT pg_postmaster_start_time()';
    CREATE FUNCTION group_of(id text) RETURNS smallint LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE RETURN
        (get_byte(sha256(convert_to(split_part(id, '/', 1) || '/' || split_part(id, '/', 2), 'UTF8')), 0) % {GROUPS} + 1)::smallint;
    CREATE TABLE member (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text NOT NULL, since timestamptz NOT NULL, lease interval NOT NULL,
        lease_until timestamptz NOT NULL, commits bigint NOT NULL DEFAULT 0, fenced boolean NOT NULL DEFAULT false,
        clean boolean NOT NULL DEFAULT false
    ) WITH (fillfactor = 10, autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_scale_factor = 0);
    CREATE TABLE placement (grp smallint PRIMARY KEY, owner bigint, unclean integer NOT NULL DEFAULT 0);
    INSERT INTO placement SELECT generate_series(1, {GROUPS});
    CREATE TABLE note (member bigint NOT NULL, key text COLLATE "C" NOT NULL, value bytea NOT NULL, PRIMARY KEY (member, key));
    CREATE TABLE actor ({ACTOR}, {_GRP.format("id")}) WITH (fillfactor = 70);
    CREATE INDEX actor_wake ON actor (wake_ms) WHERE wake_ms IS NOT NULL;
    CREATE TABLE mail ({MAIL}, {_GRP.format("box")})
        WITH (autovacuum_vacuum_threshold = 2000, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_cost_delay = 0);
    ALTER TABLE mail ALTER message SET STORAGE EXTERNAL;
    CREATE TABLE seen ({SEEN}, {_GRP.format("source")}) WITH (autovacuum_vacuum_threshold = 2000, autovacuum_vacuum_scale_factor = 0.02);
    CREATE TABLE dead ({DEAD}, {_GRP.format("box")});
    CREATE TABLE event ({EVENT}, {_GRP.format("actor")});
    CREATE INDEX event_actor ON event (actor, n);
    CREATE TABLE post (
        n bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, x xid8 NOT NULL DEFAULT pg_current_xact_id(), to_grp smallint,
        to_member bigint, to_host text COLLATE "C", message bytea NOT NULL, CHECK (num_nonnulls(to_grp, to_member, to_host) = 1)
    ) WITH (autovacuum_vacuum_threshold = 2000, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_cost_delay = 0);
    ALTER TABLE post ALTER message SET STORAGE EXTERNAL;
    CREATE INDEX post_x ON post (x, n) WHERE to_host IS NULL;
    CREATE INDEX post_host ON post (to_host, x, n) WHERE to_host IS NOT NULL;
"""

_JOIN = f"""
    CREATE FUNCTION join_members(my_name text, before bigint, before_clean boolean, my_lease interval)
        RETURNS TABLE (me bigint, now_ms bigint, unclean_ends integer, groups smallint[]) LANGUAGE plpgsql AS $body$
    DECLARE share integer;
    BEGIN
        PERFORM pg_advisory_xact_lock({_ONE_AT_A_TIME});
        UPDATE member SET fenced = true
            WHERE id IN (SELECT id FROM member WHERE NOT fenced AND {LATE} FOR UPDATE SKIP LOCKED);
        UPDATE member SET fenced = true, clean = before_clean WHERE id = before AND NOT fenced;
        now_ms := extract(epoch FROM (SELECT greatest(the_time(), max(lease_until - lease)) FROM member)) * 1000;
        INSERT INTO member (name, since, lease, lease_until) VALUES (my_name, the_time(), my_lease, the_time() + my_lease)
            RETURNING id INTO me;
        share := (SELECT ceil({GROUPS}.0 / count(*)) FROM member WHERE NOT fenced);
        WITH free AS (
            SELECT grp, coalesce(member.clean, owner IS NULL) AS clean FROM placement LEFT JOIN member ON member.id = owner
                WHERE member.id IS NULL OR fenced ORDER BY owner IS DISTINCT FROM before, grp LIMIT share
        ) UPDATE placement SET owner = me, unclean = CASE WHEN free.clean THEN 0 ELSE unclean + 1 END FROM free
            WHERE placement.grp = free.grp;
        SELECT coalesce(max(unclean), 0), coalesce(array_agg(grp ORDER BY grp), '{{}}') INTO unclean_ends, groups
            FROM placement WHERE owner = me;
        DELETE FROM post WHERE to_member IN (SELECT id FROM member WHERE fenced);
        UPDATE note SET member = me WHERE member = before;
        DELETE FROM note WHERE member IN (SELECT id FROM member WHERE fenced AND lease_until < the_time() - interval '1 day');
        DELETE FROM member WHERE fenced AND lease_until < the_time() - interval '1 day'
            AND NOT EXISTS (SELECT FROM placement WHERE owner = member.id);
        RETURN NEXT;
    END
    $body$;
"""

_RENEW = f"""
    CREATE FUNCTION renew(me bigint) RETURNS TABLE (held boolean, moves boolean) LANGUAGE plpgsql AS $body$
    DECLARE mine integer; free integer; share integer;
    BEGIN
        UPDATE member SET lease_until = the_time() + lease WHERE id = me AND NOT fenced;
        held := FOUND;
        share := (SELECT ceil({GROUPS}.0 / greatest(1, count(*))) FROM member WHERE NOT fenced AND NOT ({LATE}));
        SELECT count(*) FILTER (WHERE owner = me), count(*) FILTER (WHERE member.id IS NULL OR fenced OR ({LATE})) INTO mine, free
            FROM placement LEFT JOIN member ON member.id = owner;
        moves := mine > share OR (mine < share AND free > 0);
        RETURN NEXT;
    END
    $body$;
"""

_FENCE = f"""UPDATE member SET commits = number, lease_until = the_time() + lease
            WHERE id = me AND commits = number - 1 AND NOT fenced;
        IF NOT FOUND THEN
            SELECT * INTO found_member FROM member WHERE id = me;
            IF found_member.id IS NULL OR found_member.fenced THEN
                RAISE EXCEPTION USING ERRCODE = '{FENCED}', MESSAGE = 'its lease was over, and other hosts have its groups';
            ELSIF found_member.commits = number THEN
                RETURN;
            END IF;
            RAISE EXCEPTION USING ERRCODE = '{BEHIND}', MESSAGE = format('it has lost %s commits', number - 1 - found_member.commits);
        END IF;"""
_KEEP_NOTES = """IF notes_key IS NOT NULL THEN
            INSERT INTO note SELECT me, * FROM unnest(notes_key, notes_value)
                ON CONFLICT (member, key) DO UPDATE SET value = excluded.value;
        END IF;"""
_POST = """IF post_message IS NOT NULL THEN
            INSERT INTO post (to_grp, to_member, to_host, message)
                SELECT one.grp::smallint, one.member, nullif(one.host, ''), one.message
                FROM unnest(post_to_grp, post_to_member, post_to_host, post_message) WITH ORDINALITY one (grp, member, host, message, at)
                ORDER BY one.at;
        END IF;
        IF post_gone_n IS NOT NULL THEN
            DELETE FROM post WHERE n = ANY (post_gone_n);
        END IF;"""

_GROUP_OF_INLINE = f"""
    CREATE OR REPLACE FUNCTION group_of(id text) RETURNS smallint LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE RETURN
        (get_byte(sha256(decode(replace(split_part(id, '/', 1) || '/' || split_part(id, '/', 2), '\\', '\\\\'), 'escape')), 0)
        % {GROUPS} + 1)::smallint;
"""
"""As before, by immutable functions alone: the database takes it into the statements that use it. Called for each row it took half of a
commit's time."""

STEPS: tuple[str, ...] = (
    _TABLES
    + commit_function(
        declares="found_member member%ROWTYPE;",
        fence=_FENCE,
        keep_notes=_KEEP_NOTES,
        beside=_POST,
        parameters=UNBOUNDED_PARAMETERS,
    )
    + _JOIN
    + _RENEW,
    EDGE_STEP,
    NAME_STEP,
    BOARD_STEP,
    _GROUP_OF_INLINE,
    BOUND_STEP
    + commit_function(
        declares="found_member member%ROWTYPE;",
        fence=_FENCE,
        keep_notes=_KEEP_NOTES,
        beside=BOUNDED_POST,
        parameters=SHARED_PARAMETERS,
    ),
)
