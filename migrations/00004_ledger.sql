-- +goose Up
-- The books: double entry in signed minor units (debit +, credit −), zero per entry and
-- currency, written once. The program reads these tables and writes through three
-- functions: ledger.account, ledger.lock and ledger.post.
CREATE SCHEMA ledger;

CREATE TABLE ledger.account_kinds (
    kind    text PRIMARY KEY,
    normal  smallint NOT NULL CHECK (normal IN (-1, 1)),
    floored boolean  NOT NULL,
    lots    boolean  NOT NULL CHECK (NOT lots OR floored),
    meaning text     NOT NULL
);
COMMENT ON COLUMN ledger.account_kinds.normal IS 'The side on which the balance is positive to a reader: 1 debit, -1 credit.';
COMMENT ON COLUMN ledger.account_kinds.floored IS 'The balance never falls below zero, so it has a row that can be locked. The outside world''s accounts have none: one such row would queue every campaign''s gifts behind it.';
COMMENT ON COLUMN ledger.account_kinds.lots IS 'Money in it is kept in lots, so that each kopiyka can be traced to the payment that brought it.';

INSERT INTO ledger.account_kinds (kind, normal, floored, lots, meaning) VALUES
    ('stripe',     1, false, false, 'where money is: our balance at Stripe'),
    ('bank',       1, false, false, 'where money is: a bank account'),
    ('transit',    1, false, false, 'where money is: payouts on their way to the bank'),
    ('fund',      -1, true,  true,  'what money is for: a campaign, free'),
    ('purpose',   -1, true,  true,  'what money is for: earmarked for one purpose of a campaign'),
    ('need',      -1, true,  true,  'what money is for: earmarked for one need'),
    ('allocation',-1, true,  true,  'what money is for: set aside'),
    ('spent',      1, false, false, 'where money went: out of an allocation'),
    ('fee',        1, false, false, 'where money went: fees of Stripe and banks'),
    ('loss',       1, false, false, 'where money went: disputes lost, exchange differences'),
    ('released',  -1, false, false, 'net assets released from restriction: the counterpart of what a fund has paid away, equal to spent + fee + loss + disputed'),
    ('shortfall',  1, true,  false, 'what a fund owes after a refund or a dispute of money it no longer had'),
    ('disputed',   1, false, false, 'taken back by a payer''s bank until it has decided a dispute'),
    ('owed',       1, false, false, 'what a cluster owes its campaigns: fees of Stripe and banks that belong to none of them'),
    ('unmatched', -1, false, false, 'bank lines without a pledge'),
    ('suspense',  -1, false, false, 'balance transactions of a kind that nobody has explained yet'),
    ('exchange',   1, false, false, 'between the two currencies of a conversion');

CREATE TABLE ledger.accounts (
    id       bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    code     text NOT NULL CONSTRAINT accounts_code_form CHECK (code ~ '^[a-z]+:[A-Za-z0-9-]+$'),
    kind     text NOT NULL GENERATED ALWAYS AS (split_part(code, ':', 1)) STORED REFERENCES ledger.account_kinds,
    currency text NOT NULL CONSTRAINT accounts_currency_form CHECK (currency ~ '^[A-Z]{3}$'),
    CONSTRAINT accounts_code_once UNIQUE (code, currency),
    CONSTRAINT accounts_currency_pinned UNIQUE (id, currency)
);
COMMENT ON COLUMN ledger.accounts.code IS 'Kind and owner, such as fund:<campaign>.';

CREATE TABLE ledger.balances (
    account_id bigint PRIMARY KEY REFERENCES ledger.accounts,
    balance    bigint NOT NULL DEFAULT 0 CONSTRAINT balances_floor CHECK (balance >= 0)
) WITH (fillfactor = 50);
COMMENT ON TABLE ledger.balances IS 'Balances on their normal side, of floored accounts only. Always what the lines say; kopiyka verify recomputes them.';

CREATE TABLE ledger.entry_kinds (
    kind    text PRIMARY KEY,
    meaning text NOT NULL
);

INSERT INTO ledger.entry_kinds (kind, meaning) VALUES
    ('gift',           'a payment came in'),
    ('refund',         'money of a payment was given back'),
    ('refund-failed',  'a refund did not arrive and came back'),
    ('late-failure',   'a debit that had succeeded was returned by the payer''s bank'),
    ('dispute',        'a payer''s bank took money back until it has decided'),
    ('dispute-won',    'it returned that money, or part of it'),
    ('dispute-lost',   'it keeps that money, or the rest of it'),
    ('allocation',     'money was set aside'),
    ('fee',            'a fee of Stripe or a bank that belongs to no payment'),
    ('payout',         'Stripe sent its balance to the bank'),
    ('payout-failed',  'the bank did not take a payout'),
    ('payout-arrived', 'a payout was found on a bank statement'),
    ('bank-line',      'a line of a bank statement, before anybody has said what it is'),
    ('suspense',       'money at Stripe of a kind that nobody has explained yet'),
    ('correction',     'mends another entry, which it names');

CREATE TABLE ledger.entry_shapes (
    entry_kind   text NOT NULL REFERENCES ledger.entry_kinds,
    account_kind text NOT NULL REFERENCES ledger.account_kinds,
    PRIMARY KEY (entry_kind, account_kind)
);
COMMENT ON TABLE ledger.entry_shapes IS 'Which accounts an entry of a kind may touch: an allocation cannot take money out of the bank, nor a gift out of an allocation. A correction may touch what it corrects, and so all.';

INSERT INTO ledger.entry_shapes (entry_kind, account_kind)
    SELECT k, a FROM unnest(ARRAY['gift', 'refund', 'refund-failed', 'late-failure']) AS k,
           unnest(ARRAY['stripe', 'bank', 'unmatched', 'exchange', 'fund', 'purpose', 'need', 'fee', 'loss', 'released', 'shortfall']) AS a
    UNION ALL SELECT k, a FROM unnest(ARRAY['dispute', 'dispute-won', 'dispute-lost']) AS k,
           unnest(ARRAY['stripe', 'exchange', 'fund', 'purpose', 'need', 'fee', 'loss', 'released', 'shortfall', 'disputed']) AS a
    UNION ALL SELECT 'allocation', unnest(ARRAY['fund', 'purpose', 'need', 'allocation'])
    UNION ALL SELECT 'fee', unnest(ARRAY['stripe', 'bank', 'unmatched', 'owed'])
    UNION ALL SELECT k, unnest(ARRAY['stripe', 'transit']) FROM unnest(ARRAY['payout', 'payout-failed']) AS k
    UNION ALL SELECT 'payout-arrived', unnest(ARRAY['unmatched', 'transit'])
    UNION ALL SELECT 'bank-line', unnest(ARRAY['bank', 'unmatched'])
    UNION ALL SELECT 'suspense', unnest(ARRAY['stripe', 'bank', 'suspense'])
    UNION ALL SELECT 'correction', kind FROM ledger.account_kinds;

CREATE TABLE ledger.entries (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    source      text NOT NULL CONSTRAINT entries_source_once UNIQUE CONSTRAINT entries_source_form CHECK (length(source) BETWEEN 1 AND 200),
    content     bytea NOT NULL CONSTRAINT entries_content_hash CHECK (octet_length(content) = 32),
    kind        text NOT NULL CONSTRAINT entries_kind REFERENCES ledger.entry_kinds,
    happened_at timestamptz NOT NULL,
    posted_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
    actor       text NOT NULL CONSTRAINT entries_actor_named CHECK (actor <> ''),
    approver    text,
    mends       bigint REFERENCES ledger.entries,
    CONSTRAINT entries_two_people CHECK (kind NOT IN ('allocation', 'correction') OR (approver IS NOT NULL AND approver <> '' AND approver <> actor)),
    CONSTRAINT entries_correction_names_the_first CHECK ((kind = 'correction') = (mends IS NOT NULL))
);
CREATE INDEX entries_kind_happened ON ledger.entries (kind, happened_at);
COMMENT ON COLUMN ledger.entries.source IS 'What caused the entry, such as stripe:txn_1 or allocation:<id>. Unique, so that a cause posts once.';
COMMENT ON COLUMN ledger.entries.content IS 'SHA-256 of what was posted: the same source with other content is an error, never a silent repeat.';

CREATE TABLE ledger.lines (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    entry_id   bigint NOT NULL REFERENCES ledger.entries,
    account_id bigint NOT NULL,
    currency   text   NOT NULL,
    amount     bigint NOT NULL CONSTRAINT lines_amount CHECK (amount <> 0 AND amount BETWEEN -100000000000000 AND 100000000000000),
    CONSTRAINT lines_currency_of_account FOREIGN KEY (account_id, currency) REFERENCES ledger.accounts (id, currency)
);
CREATE INDEX lines_entry ON ledger.lines (entry_id, account_id);
CREATE INDEX lines_account ON ledger.lines (account_id, id);
COMMENT ON COLUMN ledger.lines.amount IS 'Minor units; debit above zero, credit below.';

CREATE TABLE ledger.lots (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    account_id bigint NOT NULL REFERENCES ledger.accounts,
    entry_id   bigint NOT NULL REFERENCES ledger.entries,
    origin     text   NOT NULL CONSTRAINT lots_origin_named CHECK (origin <> ''),
    parent_id  bigint REFERENCES ledger.lots,
    amount     bigint NOT NULL CONSTRAINT lots_amount CHECK (amount > 0),
    remaining  bigint NOT NULL CONSTRAINT lots_remaining CHECK (remaining BETWEEN 0 AND amount)
) WITH (fillfactor = 70);
CREATE INDEX lots_to_draw ON ledger.lots (account_id, id) WHERE remaining > 0;
CREATE INDEX lots_origin ON ledger.lots (origin, account_id, id);
CREATE INDEX lots_parent ON ledger.lots (parent_id) WHERE parent_id IS NOT NULL;
COMMENT ON COLUMN ledger.lots.origin IS 'The payment that brought this money, such as payment:<id>; kept when money moves on to another account.';
COMMENT ON COLUMN ledger.lots.parent_id IS 'The lot of the former account that this one was drawn from.';

CREATE TABLE ledger.draws (
    id       bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    lot_id   bigint NOT NULL REFERENCES ledger.lots,
    entry_id bigint NOT NULL REFERENCES ledger.entries,
    amount   bigint NOT NULL CONSTRAINT draws_amount CHECK (amount > 0)
);
CREATE INDEX draws_lot ON ledger.draws (lot_id);
CREATE INDEX draws_entry ON ledger.draws (entry_id);

-- An entry has two lines or more, sums to zero in each currency and touches only the
-- accounts that its kind may. Checked at commit, once an entry: whole_entry below sees to
-- it that no line comes later.
-- +goose StatementBegin
CREATE FUNCTION ledger.check_entry() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    v record;
BEGIN
    SELECT count(*) AS lines, min(CASE WHEN s.entry_kind IS NULL THEN a.code END) AS strange INTO v
      FROM ledger.lines l JOIN ledger.accounts a ON a.id = l.account_id
      LEFT JOIN ledger.entry_shapes s ON s.entry_kind = NEW.kind AND s.account_kind = a.kind
     WHERE l.entry_id = NEW.id;
    IF v.lines < 2 THEN
        RAISE EXCEPTION 'entry % has fewer than two lines', NEW.id USING ERRCODE = 'LG002';
    END IF;
    IF v.strange IS NOT NULL THEN
        RAISE EXCEPTION 'entry %, a %, may not touch %', NEW.id, NEW.kind, v.strange USING ERRCODE = 'LG008';
    END IF;
    SELECT currency, sum(amount) AS rest INTO v FROM ledger.lines WHERE entry_id = NEW.id GROUP BY currency HAVING sum(amount) <> 0 LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'entry % is out of balance: % by %', NEW.id, v.currency, v.rest USING ERRCODE = 'LG001';
    END IF;
    RETURN NULL;
END $$;
-- +goose StatementEnd
CREATE CONSTRAINT TRIGGER entry_balances AFTER INSERT ON ledger.entries
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION ledger.check_entry();
ALTER TABLE ledger.entries ENABLE ALWAYS TRIGGER entry_balances;

-- All lines of an entry come in one statement. Otherwise a balanced pair added later would
-- rewrite history without changing a line. (Comparing xmin instead fails below a savepoint.)
-- +goose StatementBegin
CREATE FUNCTION ledger.check_whole_entry() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    -- Entry by entry: beside what a long transaction has just written, statistics know
    -- nothing, and a join may read all the lines for each statement.
    IF EXISTS (SELECT 1 FROM (SELECT entry_id, count(*) AS n FROM fresh GROUP BY entry_id) f
                WHERE f.n <> (SELECT count(*) FROM ledger.lines l WHERE l.entry_id = f.entry_id)) THEN
        RAISE EXCEPTION 'the entry is closed: its lines come in one statement' USING ERRCODE = 'LG003';
    END IF;
    RETURN NULL;
END $$;
-- +goose StatementEnd
CREATE TRIGGER whole_entry AFTER INSERT ON ledger.lines REFERENCING NEW TABLE AS fresh
    FOR EACH STATEMENT EXECUTE FUNCTION ledger.check_whole_entry();
ALTER TABLE ledger.lines ENABLE ALWAYS TRIGGER whole_entry;

CALL write_once('ledger.accounts');
CALL write_once('ledger.entries');
CALL write_once('ledger.lines');
CALL write_once('ledger.draws');

-- Of a lot only what remains may change; the lot itself stays as it was made.
-- +goose StatementBegin
CREATE FUNCTION ledger.check_lot_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND (NEW.account_id, NEW.entry_id, NEW.origin, NEW.parent_id, NEW.amount)
        IS NOT DISTINCT FROM (OLD.account_id, OLD.entry_id, OLD.origin, OLD.parent_id, OLD.amount)
        AND NEW.remaining < OLD.remaining THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION '% on ledger.lots is not allowed: a lot is only drawn from', TG_OP USING ERRCODE = 'LG004';
END $$;
-- +goose StatementEnd
CREATE TRIGGER lot_is_only_drawn BEFORE UPDATE OR DELETE ON ledger.lots FOR EACH ROW EXECUTE FUNCTION ledger.check_lot_change();
ALTER TABLE ledger.lots ENABLE ALWAYS TRIGGER lot_is_only_drawn;
CREATE TRIGGER lots_stay BEFORE TRUNCATE ON ledger.lots FOR EACH STATEMENT EXECUTE FUNCTION ledger.check_lot_change();
ALTER TABLE ledger.lots ENABLE ALWAYS TRIGGER lots_stay;

-- A draw belongs to an entry that takes from the lot's account, and to no other.
-- +goose StatementBegin
CREATE FUNCTION ledger.check_draw() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT 1 FROM ledger.lots o
                     JOIN ledger.lines l ON l.account_id = o.account_id
                     JOIN ledger.accounts a ON a.id = o.account_id
                     JOIN ledger.account_kinds k ON k.kind = a.kind
                    WHERE o.id = NEW.lot_id AND l.entry_id = NEW.entry_id AND l.amount * k.normal < 0) THEN
        RAISE EXCEPTION 'entry % takes nothing from the account of lot %', NEW.entry_id, NEW.lot_id USING ERRCODE = 'LG007';
    END IF;
    RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER draw_of_its_entry BEFORE INSERT ON ledger.draws FOR EACH ROW EXECUTE FUNCTION ledger.check_draw();
ALTER TABLE ledger.draws ENABLE ALWAYS TRIGGER draw_of_its_entry;

-- account finds or opens an account; a second call finds the first's.
-- +goose StatementBegin
CREATE FUNCTION ledger.account(p_code text, p_currency text) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = ledger, pg_temp AS $$
DECLARE
    v_id bigint;
BEGIN
    SELECT id INTO v_id FROM accounts WHERE code = p_code AND currency = p_currency;
    IF FOUND THEN
        RETURN v_id;
    END IF;
    INSERT INTO accounts (code, currency) VALUES (p_code, p_currency) ON CONFLICT (code, currency) DO NOTHING RETURNING id INTO v_id;
    IF v_id IS NULL THEN
        SELECT id INTO STRICT v_id FROM accounts WHERE code = p_code AND currency = p_currency;
    END IF;
    INSERT INTO balances (account_id)
        SELECT a.id FROM accounts a JOIN account_kinds k USING (kind) WHERE a.id = v_id AND k.floored
        ON CONFLICT DO NOTHING;
    RETURN v_id;
END $$;
-- +goose StatementEnd

-- open_accounts sees to it that accounts exist. It opens them in the order of their names:
-- two entries that need the same new ones do not wait for each other crosswise.
-- +goose StatementBegin
CREATE FUNCTION ledger.open_accounts(p_codes text[], p_currencies text[]) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM ledger.account(missing.code, missing.currency)
       FROM (SELECT DISTINCT u.code, u.currency FROM unnest(p_codes, p_currencies) AS u(code, currency)
              WHERE NOT EXISTS (SELECT 1 FROM ledger.accounts a WHERE a.code = u.code AND a.currency = u.currency)
              ORDER BY u.code, u.currency) AS missing;
END $$;
-- +goose StatementEnd

-- lock takes the rows of floored accounts, in the order of their ids as post does, and
-- tells their balances: what is decided on them holds until the transaction ends.
-- +goose StatementBegin
CREATE FUNCTION ledger.lock(p_codes text[], p_currencies text[]) RETURNS TABLE (code text, currency text, balance bigint)
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = ledger, pg_temp AS $$
BEGIN
    PERFORM open_accounts(p_codes, p_currencies);
    RETURN QUERY
        SELECT a.code, a.currency, b.balance
          FROM balances b JOIN accounts a ON a.id = b.account_id
         WHERE (a.code, a.currency) IN (SELECT c, y FROM unnest(p_codes, p_currencies) AS u(c, y))
         ORDER BY b.account_id FOR UPDATE OF b;
END $$;
-- +goose StatementEnd

-- draw takes an amount out of an account's lots and tells from which: first the lots of
-- the origin, if one is named, then all of them, first in, first out. Called by post, which
-- holds the account's balance row.
-- +goose StatementBegin
CREATE FUNCTION ledger.draw(p_entry bigint, p_account bigint, p_origin text, p_amount bigint)
    RETURNS TABLE (lot_id bigint, origin text, amount bigint) LANGUAGE plpgsql AS $$
DECLARE
    v_left bigint := p_amount;
    v_own  boolean;
    v_lots refcursor;
BEGIN
    FOREACH v_own IN ARRAY ARRAY[true, false] LOOP
        IF v_own THEN
            OPEN v_lots FOR SELECT l.id, l.origin, l.remaining FROM ledger.lots l
                             WHERE l.account_id = p_account AND l.origin = p_origin AND l.remaining > 0 ORDER BY l.id;
        ELSE
            OPEN v_lots FOR SELECT l.id, l.origin, l.remaining FROM ledger.lots l
                             WHERE l.account_id = p_account AND l.remaining > 0 ORDER BY l.id;
        END IF;
        WHILE v_left > 0 LOOP
            FETCH v_lots INTO lot_id, origin, amount;
            EXIT WHEN NOT FOUND;
            amount := least(v_left, amount);
            UPDATE ledger.lots SET remaining = remaining - draw.amount WHERE id = draw.lot_id;
            INSERT INTO ledger.draws (lot_id, entry_id, amount) VALUES (draw.lot_id, p_entry, draw.amount);
            v_left := v_left - amount;
            RETURN NEXT;
        END LOOP;
        CLOSE v_lots;
    END LOOP;
    IF v_left > 0 THEN
        RAISE EXCEPTION 'account % has no lot left for %', p_account, v_left USING ERRCODE = 'LG006';
    END IF;
END $$;
-- +goose StatementEnd

-- settle_lots makes and draws the lots of one entry, line by line. Its arrays hold the
-- entry's lines on accounts with lots, changes on the accounts' normal side.
-- +goose StatementBegin
CREATE FUNCTION ledger.settle_lots(p_entry bigint, p_accounts bigint[], p_currencies text[], p_changes bigint[], p_origins text[])
    RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    v_lot      record;
    v_left     bigint;
    v_take     bigint;
    moved      bigint[] := '{}'; -- what was drawn and not yet put down elsewhere
    moved_lot  bigint[] := '{}';
    moved_from text[]   := '{}';
    moved_in   text[]   := '{}';
BEGIN
    FOR l IN 1 .. cardinality(p_accounts) LOOP
        IF p_changes[l] < 0 THEN
            FOR v_lot IN SELECT d.lot_id, d.origin, d.amount FROM ledger.draw(p_entry, p_accounts[l], p_origins[l], -p_changes[l]) d LOOP
                moved := moved || v_lot.amount;
                moved_lot := moved_lot || v_lot.lot_id;
                moved_from := moved_from || v_lot.origin;
                moved_in := moved_in || p_currencies[l];
            END LOOP;
            CONTINUE;
        END IF;
        v_left := p_changes[l];
        FOR i IN 1 .. cardinality(moved) LOOP
            EXIT WHEN v_left = 0;
            v_take := least(v_left, moved[i]);
            CONTINUE WHEN v_take = 0 OR moved_in[i] <> p_currencies[l]; -- one currency never becomes another's origin
            INSERT INTO ledger.lots (account_id, entry_id, origin, parent_id, amount, remaining)
                VALUES (p_accounts[l], p_entry, moved_from[i], moved_lot[i], v_take, v_take);
            moved[i] := moved[i] - v_take;
            v_left := v_left - v_take;
        END LOOP;
        IF v_left > 0 THEN
            INSERT INTO ledger.lots (account_id, entry_id, origin, amount, remaining)
                VALUES (p_accounts[l], p_entry, p_origins[l], v_left, v_left);
        END IF;
    END LOOP;
END $$;
-- +goose StatementEnd

-- post is the only way into the books. It takes any number of entries at once, in arrays:
-- the first seven hold one element an entry; the others one a line, in the order in which
-- lots are to be made and drawn, and p_of says which entry a line is of. It answers for
-- each entry whether it is new.
--
-- An origin names the payment: for money that comes in, the one that brought it; for money
-- that leaves, the one whose lots are drawn first. The other lots follow, first in, first
-- out. Money that moves between two accounts with lots keeps its origins.
--
-- Most entries are gifts that pay their fee out of the very lot they make. Those are made
-- in one statement for all; what draws from older lots is worked through entry by entry.
-- Whatever statistics say, a batch is small beside the books: each look-up goes by an index.
-- +goose StatementBegin
CREATE FUNCTION ledger.post(p_sources text[], p_contents bytea[], p_kinds text[], p_happened_at timestamptz[],
        p_actors text[], p_approvers text[], p_mends bigint[],
        p_of int[], p_codes text[], p_currencies text[], p_amounts bigint[], p_origins text[])
    RETURNS TABLE (entry_id bigint, is_new boolean)
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = ledger, pg_temp SET enable_seqscan = off SET enable_mergejoin = off AS $$
DECLARE
    v_ids      bigint[]; -- of the new entries; null where the source is posted already
    v_accounts bigint[]; -- of the lines
    v_changes  bigint[]; -- of the lines on accounts with lots, on their normal side; null elsewhere
    v_alone    int[];    -- the entries that draw from no lot but their own
    v_lots     bigint[];
    v_other    record;
    v_source   text;
BEGIN
    WITH fresh AS (
        INSERT INTO entries (source, content, kind, happened_at, actor, approver, mends)
            SELECT u.source, u.content, u.kind, u.happened_at, u.actor, u.approver, u.mends
              FROM unnest(p_sources, p_contents, p_kinds, p_happened_at, p_actors, p_approvers, p_mends)
                   WITH ORDINALITY AS u(source, content, kind, happened_at, actor, approver, mends, n) ORDER BY u.n
            ON CONFLICT (source) DO NOTHING RETURNING id, source)
    SELECT array_agg(f.id ORDER BY u.n) INTO v_ids
      FROM (SELECT source, n, row_number() OVER (PARTITION BY source ORDER BY n) AS time
              FROM unnest(p_sources) WITH ORDINALITY AS s(source, n)) u
      LEFT JOIN fresh f ON f.source = u.source AND u.time = 1;

    IF array_position(v_ids, NULL) IS NOT NULL THEN
        SELECT e.source INTO v_source FROM entries e JOIN unnest(p_sources, p_contents, v_ids) AS u(source, content, id) ON e.source = u.source
         WHERE u.id IS NULL AND e.content <> u.content LIMIT 1;
        IF FOUND THEN
            RAISE EXCEPTION 'the source % is posted already with other content', v_source USING ERRCODE = 'LG005';
        END IF;
    END IF;

    PERFORM open_accounts(array_agg(u.code), array_agg(u.currency))
       FROM unnest(p_of, p_codes, p_currencies) AS u(of, code, currency) WHERE v_ids[u.of] IS NOT NULL;
    SELECT array_agg(a.id ORDER BY u.n), array_agg(CASE WHEN k.lots THEN u.amount * k.normal END ORDER BY u.n) INTO v_accounts, v_changes
      FROM unnest(p_codes, p_currencies, p_amounts) WITH ORDINALITY AS u(code, currency, amount, n)
      LEFT JOIN accounts a ON a.code = u.code AND a.currency = u.currency
      LEFT JOIN account_kinds k ON k.kind = a.kind;
    INSERT INTO lines (entry_id, account_id, currency, amount)
        SELECT v_ids[u.of], u.account, u.currency, u.amount
          FROM unnest(p_of, v_accounts, p_currencies, p_amounts) WITH ORDINALITY AS u(of, account, currency, amount, n)
         WHERE v_ids[u.of] IS NOT NULL ORDER BY u.n;

    -- Balances in the order of their ids, here and in lock: two postings never wait for
    -- each other crosswise. The floor is the CHECK on the row.
    PERFORM 1 FROM balances b WHERE b.account_id = ANY (v_accounts) ORDER BY b.account_id FOR UPDATE;
    UPDATE balances b SET balance = b.balance + c.change
      FROM (SELECT u.account, sum(u.amount * k.normal)::bigint AS change
              FROM unnest(p_of, v_accounts, p_amounts) AS u(of, account, amount)
              JOIN accounts ac ON ac.id = u.account JOIN account_kinds k USING (kind)
             WHERE k.floored AND v_ids[u.of] IS NOT NULL GROUP BY u.account) c
     WHERE b.account_id = c.account;

    SELECT coalesce(array_agg(one.of), '{}') INTO v_alone
      FROM (SELECT u.of FROM unnest(p_of, v_accounts, v_changes, p_origins) AS u(of, account, change, origin)
             WHERE u.change IS NOT NULL AND v_ids[u.of] IS NOT NULL
             GROUP BY u.of
            HAVING count(DISTINCT u.account) = 1 AND count(DISTINCT u.origin) = 1 AND bool_and(u.origin IS NOT NULL)
               AND count(*) FILTER (WHERE u.change > 0) = 1 AND (array_agg(u.change))[1] > 0 AND sum(u.change) >= 0) one;
    IF v_alone <> '{}' THEN
        WITH made AS (
            INSERT INTO lots (account_id, entry_id, origin, amount, remaining)
                SELECT min(u.account), v_ids[u.of], min(u.origin), max(u.change), sum(u.change)
                  FROM unnest(p_of, v_accounts, v_changes, p_origins) AS u(of, account, change, origin)
                 WHERE u.of = ANY (v_alone) AND u.change IS NOT NULL GROUP BY u.of ORDER BY u.of
                RETURNING id, lots.entry_id AS entry)
        SELECT array_agg(m.id ORDER BY s.of) INTO v_lots
          FROM generate_subscripts(v_ids, 1) AS s(of) LEFT JOIN made m ON m.entry = v_ids[s.of];
        INSERT INTO draws (lot_id, entry_id, amount)
            SELECT v_lots[u.of], v_ids[u.of], -u.change
              FROM unnest(p_of, v_changes) WITH ORDINALITY AS u(of, change, n)
             WHERE u.of = ANY (v_alone) AND u.change < 0 ORDER BY u.n;
    END IF;
    FOR v_other IN
        SELECT u.of, array_agg(u.account ORDER BY u.n) AS accounts, array_agg(u.currency ORDER BY u.n) AS currencies,
               array_agg(u.change ORDER BY u.n) AS changes, array_agg(u.origin ORDER BY u.n) AS origins
          FROM unnest(p_of, v_accounts, p_currencies, v_changes, p_origins) WITH ORDINALITY AS u(of, account, currency, change, origin, n)
         WHERE u.change IS NOT NULL AND v_ids[u.of] IS NOT NULL AND u.of <> ALL (v_alone)
         GROUP BY u.of ORDER BY u.of
    LOOP
        PERFORM settle_lots(v_ids[v_other.of], v_other.accounts, v_other.currencies, v_other.changes, v_other.origins);
    END LOOP;

    RETURN QUERY
        SELECT e.id, u.id IS NOT NULL
          FROM unnest(p_sources, v_ids) WITH ORDINALITY AS u(source, id, n) JOIN entries e ON e.source = u.source ORDER BY u.n;
END $$;
-- +goose StatementEnd

REVOKE ALL ON ALL TABLES IN SCHEMA ledger FROM PUBLIC;
REVOKE ALL ON ALL FUNCTIONS IN SCHEMA ledger FROM PUBLIC;
GRANT USAGE ON SCHEMA ledger TO kopiyka_app;
GRANT SELECT ON ALL TABLES IN SCHEMA ledger TO kopiyka_app;
GRANT EXECUTE ON FUNCTION ledger.account, ledger.lock, ledger.post TO kopiyka_app;
