-- name: put
-- Texts with their vectors, new or changed, and one step of the collection's number.
WITH given AS MATERIALIZED (
  SELECT g.id, g.title, g.text, g.meta, g.vector::halfvec(1536) AS vector
    FROM unnest(%(ids)s::uuid[], %(titles)s::text[], %(texts)s::text[], %(metas)s::jsonb[], %(vectors)s::text[])
         AS g (id, title, text, meta, vector)),
texts AS (
  INSERT INTO retrieval_texts AS t (tenant_id, id, collection, title, text, meta)
  SELECT current_tenant(), g.id, %(collection)s, g.title, g.text, g.meta FROM given g ORDER BY g.id
  ON CONFLICT (tenant_id, id) DO UPDATE
    SET title = excluded.title, text = excluded.text, meta = excluded.meta, updated_at = now()
  WHERE t.collection = excluded.collection),
bits AS (
  INSERT INTO retrieval_bits (tenant_id, id, collection, model, bits)
  SELECT current_tenant(), g.id, %(collection)s, %(model)s, binary_quantize(g.vector)::bit(1536) FROM given g
   WHERE g.vector IS NOT NULL ORDER BY g.id
  ON CONFLICT (tenant_id, id) DO UPDATE SET model = excluded.model, bits = excluded.bits),
vectors AS (
  INSERT INTO retrieval_vectors (tenant_id, id, model, vector)
  SELECT current_tenant(), g.id, %(model)s, g.vector FROM given g WHERE g.vector IS NOT NULL ORDER BY g.id
  ON CONFLICT (tenant_id, id) DO UPDATE SET model = excluded.model, vector = excluded.vector)
INSERT INTO retrieval_collections AS c (tenant_id, collection, changes) VALUES (current_tenant(), %(collection)s, 1)
ON CONFLICT (tenant_id, collection) DO UPDATE SET changes = c.changes + 1, changed_at = now();

-- name: remove
WITH gone AS (DELETE FROM retrieval_texts WHERE collection = %(collection)s AND id = ANY(%(ids)s) RETURNING id)
UPDATE retrieval_collections SET changes = changes + 1, changed_at = now()
 WHERE collection = %(collection)s AND EXISTS (SELECT FROM gone);

-- name: collection_version
SELECT coalesce((SELECT changes FROM retrieval_collections WHERE collection = %(collection)s), 0) AS changes;

-- name: with_vectors
SELECT id FROM retrieval_vectors WHERE id = ANY(%(ids)s) AND model = %(model)s;

-- name: search
-- Phase one: all bits of the collections, the nearest by how many signs differ; of a small collection simply all.
-- Phase two: those by their true angle. Beside it the words; then each text counts by its places in both orders.
WITH asked AS MATERIALIZED (SELECT v AS vector, binary_quantize(v)::bit(1536) AS bits FROM (SELECT %(vector)s::halfvec(1536) AS v) q),
near AS MATERIALIZED (
  SELECT b.id FROM retrieval_bits b
   WHERE b.collection = ANY(%(collections)s) AND b.model = %(model)s
   ORDER BY b.bits <~> (SELECT bits FROM asked)
   LIMIT (SELECT CASE WHEN count(*) <= %(all)s THEN %(all)s ELSE %(nearest)s END
            FROM (SELECT FROM retrieval_bits f WHERE f.collection = ANY(%(collections)s) AND f.model = %(model)s LIMIT %(all)s + 1) few)),
measured AS MATERIALIZED (
  SELECT n.id, d.distance FROM near n
   CROSS JOIN LATERAL (SELECT v.vector <=> (SELECT vector FROM asked) AS distance FROM retrieval_vectors v
                        WHERE v.id = n.id OFFSET 0) d),
by_meaning AS (SELECT m.id, m.distance, row_number() OVER (ORDER BY m.distance, m.id) AS place FROM measured m),
by_words AS MATERIALIZED (SELECT w.id, w.place FROM sweep.find_words(%(collections)s, %(text)s, %(common)s, %(words)s) w),
best AS MATERIALIZED (
  SELECT coalesce(m.id, w.id) AS id, w.place,
         coalesce(1.0 / (%(fusion)s + m.place), 0) + coalesce(1.0 / (%(fusion)s + w.place), 0) AS score
    FROM by_meaning m FULL JOIN by_words w ON w.id = m.id
   ORDER BY 3 DESC, m.distance, 1 LIMIT %(limit)s)
SELECT t.id, t.collection, t.title, t.text, t.meta, b.score::float8 AS score,
       greatest(0, least(1, coalesce(1 - (v.vector <=> (SELECT vector FROM asked)), 0)))::float8 AS similarity, b.place AS text_rank
  FROM best b JOIN retrieval_texts t ON t.id = b.id
  LEFT JOIN retrieval_vectors v ON v.id = b.id AND v.model = %(model)s
 ORDER BY b.score DESC, similarity DESC, t.id;

-- name: search_words
-- The same where no model can be asked.
SELECT t.id, t.collection, t.title, t.text, t.meta, (1.0 / (%(fusion)s + w.place))::float8 AS score, 0::float8 AS similarity, w.place AS text_rank
  FROM sweep.find_words(%(collections)s, %(text)s, %(common)s, least(%(words)s, %(limit)s)) w
  JOIN retrieval_texts t ON t.id = w.id
 ORDER BY w.place;

-- name: list_articles
SELECT id, title, source, url, format, language, status, version, index_status, index_error, indexed_version, indexed_at, created_by,
       created_at, updated_at, checked_at
  FROM kb_articles
 WHERE (%(q)s::text IS NULL OR position(lower(%(q)s) IN lower(title)) > 0)
   AND (%(status)s::text IS NULL OR status = %(status)s)
   AND (%(index_status)s::text IS NULL OR index_status = %(index_status)s)
   AND (%(at)s::timestamptz IS NULL OR (updated_at, id) < (%(at)s::timestamptz, %(after)s::uuid))
 ORDER BY updated_at DESC, id DESC LIMIT %(limit)s;

-- name: whole_article
SELECT a.id, a.title, a.source, a.url, a.format, a.language, a.status, a.version, a.index_status, a.index_error, a.indexed_version,
       a.indexed_at, a.created_by, a.created_at, a.updated_at, a.checked_at, v.body,
       (SELECT count(*) FROM kb_chunks c WHERE c.article_id = a.id) AS chunks
  FROM kb_articles a JOIN kb_article_versions v ON v.article_id = a.id AND v.version = a.version
 WHERE a.id = %(id)s;

-- name: article_versions
SELECT version, title, body, url, language, created_by, created_at FROM kb_article_versions
 WHERE article_id = %(id)s AND (%(before)s::integer IS NULL OR version < %(before)s::integer)
 ORDER BY version DESC LIMIT %(limit)s;

-- name: lock_article
SELECT id, source, version, content_hash, status FROM kb_articles WHERE id = %(id)s FOR UPDATE;

-- name: known_articles
-- What an import will find, held until it is through.
SELECT id, identity, version, content_hash, status FROM kb_articles WHERE identity = ANY(%(identities)s) ORDER BY id FOR UPDATE;

-- name: create_articles
WITH given AS (
  SELECT * FROM unnest(%(ids)s::uuid[], %(identities)s::text[], %(titles)s::text[], %(bodies)s::text[], %(urls)s::text[],
                       %(languages)s::text[], %(hashes)s::text[])
             AS g (id, identity, title, body, url, language, content_hash)),
made AS (
  INSERT INTO kb_articles (tenant_id, id, identity, title, source, url, format, language, content_hash, created_by)
  SELECT current_tenant(), g.id, g.identity, g.title, %(source)s, g.url, %(format)s, g.language, g.content_hash, current_setting('app.actor')
    FROM given g ORDER BY g.id
  ON CONFLICT ON CONSTRAINT kb_articles_identity_unique DO NOTHING
  RETURNING id),
versions AS (
  INSERT INTO kb_article_versions (tenant_id, article_id, version, title, body, url, language, content_hash, created_by)
  SELECT current_tenant(), g.id, 1, g.title, g.body, g.url, g.language, g.content_hash, current_setting('app.actor')
    FROM given g JOIN made USING (id))
SELECT id FROM made;

-- name: change_articles
-- New versions of articles whose rows are locked.
WITH given AS (
  SELECT * FROM unnest(%(ids)s::uuid[], %(identities)s::text[], %(titles)s::text[], %(bodies)s::text[], %(urls)s::text[],
                       %(languages)s::text[], %(hashes)s::text[])
             AS g (id, identity, title, body, url, language, content_hash)),
changed AS (
  UPDATE kb_articles a
     SET identity = g.identity, title = g.title, url = g.url, language = g.language, format = %(format)s, content_hash = g.content_hash,
         status = 'active', version = a.version + 1, index_status = 'waiting', index_error = NULL, index_attempts = 0, updated_at = now(), checked_at = now()
    FROM given g WHERE a.id = g.id
  RETURNING a.id, a.version),
versions AS (
  INSERT INTO kb_article_versions (tenant_id, article_id, version, title, body, url, language, content_hash, created_by)
  SELECT current_tenant(), g.id, c.version, g.title, g.body, g.url, g.language, g.content_hash, current_setting('app.actor')
    FROM given g JOIN changed c USING (id))
SELECT id, version FROM changed;

-- name: articles_checked
UPDATE kb_articles SET checked_at = now() WHERE id = ANY(%(ids)s);

-- name: archive_article
UPDATE kb_articles SET status = 'archived', index_status = 'waiting', index_error = NULL, indexed_version = NULL, indexed_at = NULL,
       updated_at = now()
 WHERE id = %(id)s;

-- name: wait_for_index
-- Back to the queue: after an archive, after a failure, or because somebody asks.
UPDATE kb_articles SET status = 'active', index_status = 'waiting', index_error = NULL, index_attempts = 0, updated_at = now()
 WHERE id = %(id)s AND (status = 'active' OR %(restore)s)
RETURNING version;

-- name: delete_article
DELETE FROM kb_articles WHERE id = %(id)s RETURNING title;

-- name: chunks_of
SELECT id FROM kb_chunks WHERE article_id = %(id)s ORDER BY ordinal FOR UPDATE;

-- name: drop_chunks
DELETE FROM kb_chunks WHERE article_id = %(article_id)s;

-- name: keep_chunks
INSERT INTO kb_chunks (tenant_id, id, article_id, version, ordinal, headings, text)
SELECT current_tenant(), g.id, %(article_id)s, %(version)s, g.ordinal, g.headings, g.text
  FROM unnest(%(ids)s::uuid[], %(ordinals)s::integer[], %(headings)s::text[], %(texts)s::text[]) AS g (id, ordinal, headings, text);

-- name: article_to_index
-- The asked version, if it still is the newest and is to be found.
SELECT a.id, a.title, a.url, a.language, a.version, a.updated_at, a.index_status, a.index_attempts, v.body
  FROM kb_articles a JOIN kb_article_versions v ON v.article_id = a.id AND v.version = a.version
 WHERE a.id = %(id)s AND a.version = %(version)s AND a.status = 'active';

-- name: lock_for_index
-- Only the delivery that saw this attempt may settle it: another one, or a newer version, was faster.
SELECT true FROM kb_articles
 WHERE id = %(id)s AND version = %(version)s AND status = 'active' AND index_status <> 'indexed' AND index_attempts = %(attempts)s
   FOR UPDATE;

-- name: settle_index
UPDATE kb_articles
   SET index_status = %(status)s, index_error = %(error)s, index_attempts = index_attempts + 1,
       indexed_version = %(version)s, indexed_at = now()
 WHERE id = %(id)s;

-- name: index_gave_up
UPDATE kb_articles SET index_status = 'failed', index_error = %(error)s
 WHERE id = %(id)s AND version = %(version)s AND index_status = 'waiting';

-- name: outdated_texts
-- Texts of any collection without a vector of the wished model.
SELECT t.id, t.collection, t.title, t.text, t.meta, t.updated_at FROM retrieval_texts t
  LEFT JOIN retrieval_vectors v ON v.id = t.id AND v.model = %(model)s
 WHERE v.id IS NULL AND t.id > %(after)s ORDER BY t.id LIMIT %(limit)s;

-- name: put_vectors
-- Vectors for texts that are still as they were read.
WITH given AS MATERIALIZED (
  SELECT g.id, g.vector::halfvec(1536) AS vector, t.collection
    FROM unnest(%(ids)s::uuid[], %(vectors)s::text[], %(seen)s::timestamptz[]) AS g (id, vector, seen)
    JOIN retrieval_texts t ON t.id = g.id AND t.updated_at = g.seen),
bits AS (
  INSERT INTO retrieval_bits (tenant_id, id, collection, model, bits)
  SELECT current_tenant(), g.id, g.collection, %(model)s, binary_quantize(g.vector)::bit(1536) FROM given g ORDER BY g.id
  ON CONFLICT (tenant_id, id) DO UPDATE SET model = excluded.model, bits = excluded.bits),
vectors AS (
  INSERT INTO retrieval_vectors (tenant_id, id, model, vector)
  SELECT current_tenant(), g.id, %(model)s, g.vector FROM given g ORDER BY g.id
  ON CONFLICT (tenant_id, id) DO UPDATE SET model = excluded.model, vector = excluded.vector
  RETURNING id)
UPDATE retrieval_collections SET changes = changes + 1, changed_at = now()
 WHERE collection IN (SELECT collection FROM given);

-- name: forget_articles
UPDATE kb_articles SET title = regexp_replace(title, %(pattern)s, '[erased]', 'gi'), url = regexp_replace(url, %(pattern)s, 'erased', 'gi'),
       source = regexp_replace(source, %(pattern)s, '[erased]', 'gi'), index_error = regexp_replace(index_error, %(pattern)s, '[erased]', 'gi'),
       created_by = CASE WHEN lower(created_by) = %(s)s THEN 'forgotten' ELSE created_by END
 WHERE position(%(s)s IN lower(concat_ws(' ', title, url, source, index_error, created_by))) > 0;

-- name: forget_versions
UPDATE kb_article_versions SET title = regexp_replace(title, %(pattern)s, '[erased]', 'gi'), body = regexp_replace(body, %(pattern)s, '[erased]', 'gi'),
       url = regexp_replace(url, %(pattern)s, 'erased', 'gi'), created_by = CASE WHEN lower(created_by) = %(s)s THEN 'forgotten' ELSE created_by END
 WHERE position(%(s)s IN lower(concat_ws(' ', title, body, url, created_by))) > 0;

-- name: forget_chunks
UPDATE kb_chunks SET headings = regexp_replace(headings, %(pattern)s, '[erased]', 'gi'), text = regexp_replace(text, %(pattern)s, '[erased]', 'gi')
 WHERE position(%(s)s IN lower(headings || ' ' || text)) > 0;

-- name: forget_texts
UPDATE retrieval_texts SET title = regexp_replace(title, %(pattern)s, '[erased]', 'gi'), text = regexp_replace(text, %(pattern)s, '[erased]', 'gi'),
       meta = regexp_replace(meta::text, %(pattern)s, '[erased]', 'gi')::jsonb, updated_at = now()
 WHERE position(%(s)s IN lower(concat_ws(' ', title, text, meta::text))) > 0;
