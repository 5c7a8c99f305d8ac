-- The knowledge base, and the one store that every capability searches by meaning and by words.

CREATE EXTENSION IF NOT EXISTS vector;

-- Articles -------------------------------------------------------------------------------------------------------------

CREATE TABLE kb_articles (
  tenant_id uuid NOT NULL REFERENCES tenants,
  id uuid NOT NULL,
  -- What makes an imported article the same one again: a digest of its address, or of its source and title.
  identity text NOT NULL,
  title text NOT NULL CHECK (length(title) BETWEEN 1 AND 300),
  source text NOT NULL DEFAULT '' CHECK (length(source) <= 200),
  url text NOT NULL DEFAULT '' CHECK (length(url) <= 2000),
  format text NOT NULL CHECK (format IN ('markdown', 'html', 'csv')),
  language text NOT NULL DEFAULT '',
  status text NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'archived')),
  version integer NOT NULL DEFAULT 1,
  content_hash text NOT NULL,
  index_status text NOT NULL DEFAULT 'waiting' CHECK (index_status IN ('waiting', 'indexed', 'failed')),
  index_error text,
  index_attempts integer NOT NULL DEFAULT 0,
  indexed_version integer,
  indexed_at timestamptz,
  created_by text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  -- When its content was last compared with its source, changed or not.
  checked_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (tenant_id, id),
  CONSTRAINT kb_articles_identity_unique UNIQUE (tenant_id, identity),
  CONSTRAINT kb_articles_failed_says_why CHECK (index_status <> 'failed' OR index_error IS NOT NULL)
);
CREATE INDEX kb_articles_newest ON kb_articles (tenant_id, updated_at DESC, id DESC);
CALL protect('kb_articles');

-- Versions are never changed by their authors; erasing a person's address is the one reason to touch them.
CREATE TABLE kb_article_versions (
  tenant_id uuid NOT NULL,
  article_id uuid NOT NULL,
  version integer NOT NULL,
  title text NOT NULL,
  body text NOT NULL,
  url text NOT NULL DEFAULT '',
  language text NOT NULL DEFAULT '',
  content_hash text NOT NULL,
  created_by text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (tenant_id, article_id, version),
  CONSTRAINT kb_article_versions_article FOREIGN KEY (tenant_id, article_id) REFERENCES kb_articles ON DELETE CASCADE
);
CALL protect('kb_article_versions');

-- What of an article can be found now. A chunk's id follows from its text, so an unchanged one keeps its vector.
CREATE TABLE kb_chunks (
  tenant_id uuid NOT NULL,
  id uuid NOT NULL,
  article_id uuid NOT NULL,
  version integer NOT NULL,
  ordinal integer NOT NULL,
  headings text NOT NULL DEFAULT '',
  text text NOT NULL,
  PRIMARY KEY (tenant_id, id),
  CONSTRAINT kb_chunks_article FOREIGN KEY (tenant_id, article_id) REFERENCES kb_articles ON DELETE CASCADE
);
CREATE INDEX kb_chunks_of_article ON kb_chunks (tenant_id, article_id, ordinal);
CALL protect('kb_chunks');

-- The store -------------------------------------------------------------------------------------------------------------

CREATE TABLE retrieval_texts (
  tenant_id uuid NOT NULL REFERENCES tenants,
  id uuid NOT NULL,
  collection text NOT NULL CHECK (collection ~ '^[a-z][a-z_]{1,40}$'),
  title text NOT NULL,
  text text NOT NULL CHECK (length(text) <= 20000),
  meta jsonb NOT NULL DEFAULT '{}',
  -- The first lexeme names tenant and collection: one index serves all tenants, and a search meets only its own rows.
  words tsvector GENERATED ALWAYS AS (
    array_to_tsvector(ARRAY[tenant_id::text || '/' || collection])
    || to_tsvector('pg_catalog.english', title || ' ' || text)) STORED,
  updated_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (tenant_id, id)
);
CREATE INDEX retrieval_texts_words ON retrieval_texts USING gin (words);
CREATE INDEX retrieval_texts_collection ON retrieval_texts (tenant_id, collection, id);
CALL protect('retrieval_texts');
GRANT SELECT (tenant_id, id, words) ON retrieval_texts TO sidedesk_sweeper;
CREATE POLICY sweep_words ON retrieval_texts FOR SELECT TO sidedesk_sweeper USING (true);

-- Two narrow tables: all bits of a collection are read by a search, and the vectors of its nearest few. No index of
-- vectors is shared by tenants: it would lose the rows of small ones without an error.
CREATE TABLE retrieval_bits (
  tenant_id uuid NOT NULL,
  id uuid NOT NULL,
  collection text NOT NULL,
  model text NOT NULL,
  dimensions smallint NOT NULL DEFAULT 1536 CHECK (dimensions = 1536),
  bits bit(1536) NOT NULL,
  PRIMARY KEY (tenant_id, id),
  CONSTRAINT retrieval_bits_text FOREIGN KEY (tenant_id, id) REFERENCES retrieval_texts ON DELETE CASCADE
);
ALTER TABLE retrieval_bits ALTER COLUMN bits SET STORAGE PLAIN;
-- Everything phase one reads, side by side: a scan of this index never meets the rows of other tenants.
CREATE INDEX retrieval_bits_nearest ON retrieval_bits (tenant_id, collection, model) INCLUDE (id, bits);
CALL protect('retrieval_bits');

CREATE TABLE retrieval_vectors (
  tenant_id uuid NOT NULL,
  id uuid NOT NULL,
  model text NOT NULL,
  dimensions smallint NOT NULL DEFAULT 1536 CHECK (dimensions = 1536),
  vector halfvec(1536) NOT NULL,
  PRIMARY KEY (tenant_id, id),
  CONSTRAINT retrieval_vectors_text FOREIGN KEY (tenant_id, id) REFERENCES retrieval_texts ON DELETE CASCADE
);
ALTER TABLE retrieval_vectors ALTER COLUMN vector SET STORAGE PLAIN;
CALL protect('retrieval_vectors');

-- A number per collection that grows with every change: what was made from a collection knows when it is out of date.
CREATE TABLE retrieval_collections (
  tenant_id uuid NOT NULL REFERENCES tenants,
  collection text NOT NULL,
  changes bigint NOT NULL DEFAULT 0,
  changed_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (tenant_id, collection)
) WITH (fillfactor = 50);
CALL protect('retrieval_collections');

-- Full text, best first: texts with every asked word, then those with the rarer ones, a word weighing more the fewer texts
-- have it. A word that more than `common` texts have decides nothing by itself. Of a long question the dozen words count
-- that look rarest: numbers and codes, then the longest.
-- Definer, because under row-level security a text match may not use its index; it looks at the caller's tenant only,
-- takes no other, and answers ids and places.
CREATE FUNCTION sweep.find_words(in_collections text[], asked text, common integer, at_most integer) RETURNS TABLE (id uuid, place integer)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public
AS $$
#variable_conflict use_column
DECLARE own tsquery; terms tsquery[]; every tsquery; term tsquery;
BEGIN
  SELECT string_agg(format('''%s/%s''', current_tenant(), c), '|')::tsquery INTO own FROM unnest(in_collections) c WHERE c ~ '^[a-z_]+$';
  SELECT array_agg(('''' || replace(replace(w.lexeme, '\', '\\'), '''', '''''') || '''')::tsquery) INTO terms
    FROM (SELECT u.lexeme FROM unnest(to_tsvector('pg_catalog.english', left(asked, 4000))) u
           ORDER BY u.lexeme ~ '[0-9]' DESC, length(u.lexeme) DESC, u.lexeme LIMIT 12) w;
  IF own IS NULL OR terms IS NULL THEN RETURN; END IF;
  every := own;
  FOREACH term IN ARRAY terms LOOP every := every && term; END LOOP;
  RETURN QUERY
    WITH complete AS MATERIALIZED (
      SELECT t.id FROM retrieval_texts t WHERE t.words @@ every AND t.tenant_id = current_tenant() LIMIT common),
    found AS MATERIALIZED (
      SELECT a.n AS term, p.id FROM unnest(terms) WITH ORDINALITY a (q, n),
        LATERAL (SELECT t.id FROM retrieval_texts t WHERE t.words @@ (own && a.q) AND t.tenant_id = current_tenant() LIMIT common + 1) p),
    rarity AS (SELECT f.term, count(*) AS texts FROM found f GROUP BY f.term),
    weighed AS (
      SELECT f.id, sum(ln(1 + common::float8 / r.texts)) AS weight FROM found f JOIN rarity r USING (term)
       WHERE r.texts <= common GROUP BY f.id
      UNION ALL
      SELECT c.id, 1000 FROM complete c)
    SELECT w.id, (row_number() OVER (ORDER BY sum(w.weight) DESC, w.id))::integer FROM weighed w
     GROUP BY w.id ORDER BY sum(w.weight) DESC, w.id LIMIT at_most;
END $$;
ALTER FUNCTION sweep.find_words OWNER TO sidedesk_sweeper;
REVOKE ALL ON FUNCTION sweep.find_words FROM PUBLIC;
GRANT EXECUTE ON FUNCTION sweep.find_words TO sidedesk_app;
