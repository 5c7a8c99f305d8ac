"""`python -m local.enriched_schema`: write the published schema of enriched documents into docs/."""

from __future__ import annotations

import json
import sys

from local.bootstrap import ROOT

PAGE = ROOT / "docs" / "schemas" / "enriched-conversation-v1.json"


def main() -> None:
    sys.path.insert(0, str(ROOT / "shared"))
    from sidedesk.enrichment import document

    PAGE.parent.mkdir(exist_ok=True)
    PAGE.write_text(json.dumps(document.schema(), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    print(PAGE.relative_to(ROOT))


if __name__ == "__main__":
    main()
