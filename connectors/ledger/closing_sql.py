"""Tables and questions of the index in `closing`."""

SCHEMA = """
CREATE TABLE letter (
    export TEXT, offset INTEGER, ledger INTEGER, position INTEGER, request_id TEXT, content TEXT,
    PRIMARY KEY (export, offset)
) WITHOUT ROWID;
CREATE INDEX place ON letter (ledger, position);
CREATE INDEX content ON letter (request_id) WHERE content IS NOT NULL;
CREATE TABLE delivered (
    export TEXT, offset INTEGER, request_id TEXT, PRIMARY KEY (export, offset)
) WITHOUT ROWID;
CREATE TABLE heir (
    export TEXT, offset INTEGER, heir_export TEXT, heir_offset INTEGER,
    PRIMARY KEY (export, offset, heir_export, heir_offset)
) WITHOUT ROWID;
CREATE TABLE contested (
    request_id TEXT, held TEXT, PRIMARY KEY (request_id, held)
) WITHOUT ROWID;
CREATE VIEW fate AS SELECT
    letter.*,
    EXISTS (SELECT 1 FROM delivered d WHERE d.export = letter.export AND d.offset = letter.offset)
        AS delivered,
    EXISTS (SELECT 1 FROM heir h WHERE h.export = letter.export AND h.offset = letter.offset)
        AS replaced
FROM letter;
"""
# `content` is kept of what was a spot, to be held against what Avstar has or may have (`held`).

OPEN = """
SELECT position, content IS NOT NULL AND EXISTS (
    SELECT 1 FROM contested c WHERE c.request_id = fate.request_id AND c.held <> fate.content
) FROM fate WHERE ledger = ? AND NOT delivered AND NOT replaced ORDER BY position
"""

UNCERTAIN = """
SELECT DISTINCT export FROM fate WHERE content IS NOT NULL AND NOT delivered AND NOT replaced
"""

LEFT_OF = """
WITH RECURSIVE line (export, offset) AS (
    SELECT export, offset FROM letter WHERE export = ?
    UNION SELECT h.heir_export, h.heir_offset FROM line JOIN heir h USING (export, offset)
)
SELECT 1 FROM line JOIN fate USING (export, offset) WHERE NOT delivered AND NOT replaced LIMIT 1
"""

COUNTS = """
SELECT coalesce(sum(delivered), 0), coalesce(sum(replaced AND NOT delivered), 0),
    coalesce(sum(NOT replaced AND NOT delivered), 0) FROM fate
"""

TWICE = """
WITH RECURSIVE line (export, offset, heir_export, heir_offset) AS (
    SELECT h.* FROM heir h JOIN delivered USING (export, offset)
    UNION
    SELECT line.export, line.offset, h.heir_export, h.heir_offset
    FROM line JOIN heir h ON h.export = line.heir_export AND h.offset = line.heir_offset
)
SELECT line.* FROM line
JOIN delivered d ON d.export = line.heir_export AND d.offset = line.heir_offset
ORDER BY line.export, line.offset
"""

HEIRS = """
WITH RECURSIVE branch (export, offset, sheet, heir_export, heir_offset) AS (
    SELECT h.export, h.offset, h.heir_export, h.heir_export, h.heir_offset FROM heir h
    WHERE EXISTS (
        SELECT 1 FROM heir o
        WHERE o.export = h.export AND o.offset = h.offset AND o.heir_export <> h.heir_export
    )
    UNION
    SELECT branch.export, branch.offset, branch.sheet, h.heir_export, h.heir_offset
    FROM branch JOIN heir h ON h.export = branch.heir_export AND h.offset = branch.heir_offset
)
SELECT branch.export, branch.offset, sheet, heir_export, heir_offset, request_id FROM branch
JOIN delivered d ON d.export = heir_export AND d.offset = heir_offset
ORDER BY branch.export, branch.offset
"""

STRANGERS = """
SELECT d.export, d.offset FROM delivered d JOIN letter l USING (export, offset)
WHERE d.request_id IS NOT l.request_id
"""

ORPHANS = """
SELECT export, offset FROM (
    SELECT export, offset FROM heir
    UNION SELECT d.export, d.offset FROM delivered d WHERE NOT EXISTS (
        SELECT 1 FROM heir h WHERE h.heir_export = d.export AND h.heir_offset = d.offset
    )
) known
WHERE NOT EXISTS (
    SELECT 1 FROM letter l WHERE l.export = known.export AND l.offset = known.offset
)
"""
