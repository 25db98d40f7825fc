"""The journal's tables. Times are run time in seconds, lengths um, doses J/cm^2."""

from __future__ import annotations

VERSION = 1

DDL = """
CREATE TABLE IF NOT EXISTS run (            -- one row per key: plan, microscope, version, ...
    key TEXT PRIMARY KEY, value TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS fovs (
    name TEXT PRIMARY KEY, ordinal INTEGER NOT NULL,
    x_um REAL NOT NULL, y_um REAL NOT NULL, z_um REAL NOT NULL
);
CREATE TABLE IF NOT EXISTS visits (
    id INTEGER PRIMARY KEY,
    fov TEXT NOT NULL, kind TEXT NOT NULL,   -- VisitKind
    priority INTEGER NOT NULL,
    due_s REAL NOT NULL,
    round INTEGER,                           -- baseline: the time point of the plan
    burst INTEGER,                           -- reaction: bursts.id
    cause INTEGER,                           -- decision (visit id) that asked for it
    state TEXT NOT NULL,                     -- VisitState
    why TEXT NOT NULL DEFAULT '',            -- why skipped, dropped or cancelled
    frames_expected INTEGER NOT NULL,
    t_index INTEGER,                         -- on the field's time axis, given at the start
    started_s REAL, finished_s REAL,
    refocus INTEGER NOT NULL DEFAULT 0,      -- autofocus first
    late INTEGER NOT NULL DEFAULT 0          -- started later than the plan tolerates
);
CREATE INDEX IF NOT EXISTS visits_due ON visits (state, due_s);
CREATE INDEX IF NOT EXISTS visits_fov ON visits (fov, t_index);
CREATE INDEX IF NOT EXISTS visits_burst ON visits (burst);
-- for those who look while it runs, so that a look costs as much on the third day as on the first
CREATE INDEX IF NOT EXISTS visits_stand ON visits (fov, state, due_s);
CREATE INDEX IF NOT EXISTS visits_started ON visits (started_s) WHERE started_s IS NOT NULL;
CREATE INDEX IF NOT EXISTS visits_cause ON visits (cause) WHERE cause IS NOT NULL;
CREATE INDEX IF NOT EXISTS visits_late ON visits (late) WHERE late;
CREATE TABLE IF NOT EXISTS frames (
    visit INTEGER NOT NULL, idx INTEGER NOT NULL,
    fov TEXT NOT NULL,                       -- image: the field, or field@series
    t INTEGER NOT NULL, c INTEGER NOT NULL, z INTEGER NOT NULL,
    channel TEXT NOT NULL, time_s REAL NOT NULL, utc TEXT NOT NULL,
    x_um REAL NOT NULL, y_um REAL NOT NULL, z_um REAL NOT NULL,
    exposure_ms REAL NOT NULL, objective TEXT NOT NULL, pixel_size_um REAL NOT NULL,
    PRIMARY KEY (visit, idx), UNIQUE (fov, t, c, z)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS exposures (       -- the dose ledger; written before the light goes on
    id INTEGER PRIMARY KEY,
    visit INTEGER NOT NULL, idx INTEGER NOT NULL, purpose TEXT NOT NULL,
    fov TEXT NOT NULL, channel TEXT NOT NULL, exposure_ms REAL NOT NULL,
    irradiance_w_cm2 REAL, time_s REAL NOT NULL,
    x_um REAL NOT NULL, y_um REAL NOT NULL, z_um REAL NOT NULL, objective TEXT NOT NULL,
    done INTEGER NOT NULL DEFAULT 0          -- 1: the exposure is over, its image came or was lost
);
CREATE INDEX IF NOT EXISTS exposures_fov ON exposures (fov);
CREATE INDEX IF NOT EXISTS exposures_visit ON exposures (visit);
CREATE INDEX IF NOT EXISTS exposures_uncalibrated ON exposures (visit)
    WHERE irradiance_w_cm2 IS NULL;
CREATE TABLE IF NOT EXISTS focus (           -- one autofocus run
    id INTEGER PRIMARY KEY,
    visit INTEGER NOT NULL, fov TEXT NOT NULL, time_s REAL NOT NULL,
    ok INTEGER NOT NULL, z_um REAL NOT NULL, why TEXT NOT NULL,
    curve TEXT NOT NULL                      -- JSON [[z_um, score], ...]
);
CREATE TABLE IF NOT EXISTS focus_steps (     -- one image of a sweep, so that a resume repeats none
    visit INTEGER NOT NULL, idx INTEGER NOT NULL,
    z_um REAL NOT NULL, score REAL NOT NULL, time_s REAL NOT NULL,
    PRIMARY KEY (visit, idx)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS verdicts (
    visit INTEGER PRIMARY KEY, state TEXT NOT NULL,   -- VerdictState
    ready_s REAL NOT NULL, latency_s REAL NOT NULL,
    verdict TEXT NOT NULL                    -- policies.verdict.Verdict as JSON
);
CREATE TABLE IF NOT EXISTS decisions (
    visit INTEGER PRIMARY KEY, time_s REAL NOT NULL, policy TEXT NOT NULL,
    reason TEXT NOT NULL, decision TEXT NOT NULL,     -- policies.action.Decision as JSON
    applied TEXT NOT NULL,                   -- JSON: what became of each action
    situation TEXT NOT NULL DEFAULT '{}'     -- JSON: what the policy knew beside the verdict
);
CREATE INDEX IF NOT EXISTS decisions_loud ON decisions (time_s, visit)  -- that ask for something
    WHERE instr(decision, '"actions":[]') = 0;
CREATE TABLE IF NOT EXISTS bursts (
    id INTEGER PRIMARY KEY, fov TEXT NOT NULL, cause INTEGER NOT NULL,
    start_s REAL NOT NULL, until_s REAL NOT NULL, ended_s REAL, why_ended TEXT NOT NULL DEFAULT ''
);
CREATE TABLE IF NOT EXISTS refusals (
    id INTEGER PRIMARY KEY, time_s REAL NOT NULL, visit INTEGER, door TEXT NOT NULL,
    rule TEXT NOT NULL, what TEXT NOT NULL, bound TEXT NOT NULL, remedy TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS errors (
    id INTEGER PRIMARY KEY, time_s REAL NOT NULL, visit INTEGER, place TEXT NOT NULL,
    kind TEXT NOT NULL, message TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS exposure_changes (  -- 'change_exposure', for the visits to come
    fov TEXT NOT NULL, channel TEXT NOT NULL, exposure_ms REAL NOT NULL,
    PRIMARY KEY (fov, channel)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS recentred (       -- 'recentre': visits of bursts that follow
    visit INTEGER PRIMARY KEY,
    dx_um REAL NOT NULL, dy_um REAL NOT NULL -- from the field's planned place
);
CREATE TABLE IF NOT EXISTS notes (           -- starts, resumes, differences found, stops
    id INTEGER PRIMARY KEY, time_s REAL NOT NULL, kind TEXT NOT NULL, text TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS changes (         -- what people wanted changed in mid-run
    id INTEGER PRIMARY KEY, utc TEXT NOT NULL, time_s REAL NOT NULL,
    who TEXT NOT NULL, words TEXT NOT NULL,
    base INTEGER NOT NULL,                   -- the version of the plan that it starts from
    diff TEXT NOT NULL,                      -- JSON [{key, old, new}, ...], in words with units
    plan TEXT NOT NULL,                      -- the new plan, YAML
    locks TEXT NOT NULL,                     -- JSON: channels whose exposure a person has set
    undoes INTEGER,                          -- the change that this one takes back
    state TEXT NOT NULL,                     -- ChangeState
    why TEXT NOT NULL DEFAULT '', applied_s REAL
);
CREATE TABLE IF NOT EXISTS plans (           -- every version that was in force; none: the run key's
    version INTEGER PRIMARY KEY, time_s REAL NOT NULL,
    change INTEGER,                          -- what made it; none: the run began with it
    plan TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS commands (        -- live commands of people, in the order of asking
    id INTEGER PRIMARY KEY, utc TEXT NOT NULL, time_s REAL NOT NULL,
    who TEXT NOT NULL, door TEXT NOT NULL,
    command TEXT NOT NULL,                   -- agent.live.command.LiveCommand as JSON
    state TEXT NOT NULL,                     -- CommandState
    why TEXT NOT NULL DEFAULT '', applied_s REAL
);
CREATE TABLE IF NOT EXISTS asks (            -- actions that wait for a person
    id INTEGER PRIMARY KEY, visit INTEGER NOT NULL, fov TEXT NOT NULL,
    action TEXT NOT NULL,                    -- policies.action.Action as JSON
    reason TEXT NOT NULL, consequence TEXT NOT NULL,
    fallback TEXT NOT NULL,                  -- what applies without an answer, in words
    asked_s REAL NOT NULL, expires_s REAL NOT NULL,
    state TEXT NOT NULL,                     -- AskState
    who TEXT NOT NULL DEFAULT '', why TEXT NOT NULL DEFAULT '', settled_s REAL
);
CREATE TABLE IF NOT EXISTS locks (           -- what a person has set, until a person releases it
    kind TEXT NOT NULL, name TEXT NOT NULL,  -- 'exposure' CHANNEL, 'hold' FOV, 'pause' ''
    value TEXT NOT NULL, who TEXT NOT NULL, time_s REAL NOT NULL,
    PRIMARY KEY (kind, name)
) WITHOUT ROWID;
"""
