"""The support team of the sandbox's Intercom workspace, each with a hand of their own."""

from dataclasses import dataclass

WORKSPACE = {
    "type": "app",
    "id_code": "sandbox1",
    "name": "Northwind",
    "region": "US",
    "timezone": "Europe/Lisbon",
    "created_at": 1577836800,
    "identity_verification": False,
}
OPERATOR = {"type": "bot", "id": "900", "name": "Northwind Assistant", "email": "operator+sandbox1@intercom.example"}
TEAM = {"id": 55, "name": "Support"}


@dataclass(frozen=True)
class Agent:
    id: int
    name: str
    email: str
    skill: float  # 0 to 1: how often the right thing is done
    temper: float  # how often patience is lost
    boast: float  # how often more is promised than can be kept
    languages: tuple[str, ...] = ("en",)

    @property
    def first(self) -> str:
        return self.name.split()[0]


def _agent(number: int, name: str, mail: str, skill: float, temper: float, boast: float, *languages: str) -> Agent:
    return Agent(number, name, f"{mail}@northwind.example", skill, temper, boast, ("en", *languages))


AGENTS = (
    _agent(991, "Ana Petrović", "ana.petrovic", 0.84, 0.01, 0.05, "de"),
    _agent(992, "Tom Becker", "tom.becker", 0.55, 0.10, 0.08, "de"),
    _agent(993, "Lucía Romero", "lucia.romero", 0.90, 0.00, 0.04, "es", "pt"),
    _agent(994, "Kwame Asante", "kwame.asante", 0.78, 0.02, 0.12),
    _agent(995, "Élodie Martin", "elodie.martin", 0.72, 0.04, 0.05, "fr"),
    _agent(996, "Ravi Menon", "ravi.menon", 0.66, 0.03, 0.25),
    _agent(997, "Grace Okafor", "grace.okafor", 0.93, 0.00, 0.02),
    _agent(998, "Piotr Zieliński", "piotr.zielinski", 0.42, 0.20, 0.06, "de"),
    _agent(999, "Maya Cohen", "maya.cohen", 0.80, 0.03, 0.07, "fr"),
    _agent(1001, "Hugo Almeida", "hugo.almeida", 0.61, 0.06, 0.15, "pt", "es"),
    _agent(1002, "Jin Park", "jin.park", 0.74, 0.02, 0.04),
    _agent(1003, "Stella Novak", "stella.novak", 0.35, 0.15, 0.18),
)
BY_ID = {agent.id: agent for agent in AGENTS}

FIRST_NAMES = {
    "en": (
        "Dana",
        "Owen",
        "Priya",
        "Leo",
        "Hannah",
        "Marcus",
        "Ellie",
        "Samir",
        "Joan",
        "Victor",
        "Nora",
        "Caleb",
        "Ivy",
        "Theo",
        "Ruth",
        "Ali",
    ),
    "es": ("Sofía", "Diego", "Carmen", "Mateo", "Lola", "Javier"),
    "de": ("Jonas", "Lena", "Felix", "Greta", "Moritz", "Anke"),
    "fr": ("Camille", "Hugo", "Inès", "Louis", "Manon", "Pascal"),
    "pt": ("Beatriz", "Rui", "Marta", "Tiago", "Joana", "Nuno"),
}
LAST_NAMES = (
    "Whitfield",
    "Blake",
    "Nair",
    "Ortega",
    "Krüger",
    "Robert",
    "Lopes",
    "Haddad",
    "Lindqvist",
    "Moreau",
    "Costa",
    "Fischer",
    "Doyle",
    "Sato",
    "Ferrer",
    "Quinn",
)
