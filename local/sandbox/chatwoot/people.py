"""Who works in the sandbox's two Chatwoot accounts, and which token is whose."""

from dataclasses import dataclass
from typing import Any

from local.sandbox import credentials


@dataclass(frozen=True)
class Account:
    id: int
    name: str
    locale: str = "en"


@dataclass(frozen=True)
class Inbox:
    id: int
    account_id: int
    name: str
    channel: str
    identifier: str


@dataclass(frozen=True)
class User:
    id: int
    account_id: int
    name: str
    email: str
    role: str  # administrator, agent or bot
    token: str


ACCOUNTS = {1: Account(1, "Northwind"), 2: Account(2, "Contoso")}

INBOXES = {
    1: Inbox(1, 1, "Website chat", "Channel::Api", "northwind-web"),
    2: Inbox(2, 1, "support@northwind.example", "Channel::Email", "northwind-mail"),
    3: Inbox(3, 1, "Text messages", "Channel::Sms", "northwind-sms"),
    4: Inbox(4, 2, "Website chat", "Channel::Api", "contoso-web"),
}

TEAMS = {1: {"id": 1, "name": "first line", "account_id": 1}, 2: {"id": 2, "name": "billing", "account_id": 1}}

USERS = {
    user.id: user
    for user in (
        User(1, 1, "Marta Lind", "marta.lind@northwind.example", "administrator", credentials.CHATWOOT_ADMIN_TOKEN),
        User(2, 1, "Ana Petrović", "ana.petrovic@northwind.example", "agent", credentials.CHATWOOT_AGENT_TOKEN),
        User(3, 1, "Tom Becker", "tom.becker@northwind.example", "agent", "sandbox-chatwoot-tom"),
        User(4, 1, "Reply bot", "", "bot", credentials.CHATWOOT_BOT_TOKEN),
        User(9, 2, "Ines Duarte", "ines.duarte@contoso.example", "administrator", credentials.CHATWOOT_OTHER_TOKEN),
    )
}
BY_TOKEN = {user.token: user for user in USERS.values()}

CUSTOMERS = (
    ("Dana Whitfield", "dana.whitfield@mailbox.example", "+15550100101"),
    ("Leo Marchetti", "leo.marchetti@mailbox.example", "+15550100102"),
    ("Sofía Ortega", "sofia.ortega@correo.example", "+34955010103"),
    ("Jonas Krüger", "jonas.krueger@post.example", "+49305550104"),
    ("Priya Nair", "priya.nair@mailbox.example", "+15550100105"),
    ("Camille Robert", "camille.robert@courriel.example", "+33155501006"),
    ("Owen Blake", "owen.blake@mailbox.example", "+15550100107"),
    ("Beatriz Lopes", "beatriz.lopes@correio.example", "+351215550108"),
)

# (customer, inbox, status, what was said; "c" customer, "a" agent, "n" private note)
CONVERSATIONS: tuple[tuple[int, int, str, tuple[tuple[str, str], ...]], ...] = (
    (0, 1, "resolved", (("c", "Hi, how long does delivery to Lisbon take?"), ("a", "Hello Dana, delivery to Portugal takes three to five working days."), ("c", "Perfect, thank you!"))),
    (1, 2, "resolved", (("c", "My invoice for March shows the wrong company name. Can you correct it?"), ("a", "Hello Leo, I have issued a corrected invoice and sent it to your e-mail address."))),
    (2, 1, "resolved", (("c", "Hola, mi pedido NW-20418 llegó roto. ¿Qué hago?"), ("n", "Photo requested, replacement approved by billing."), ("a", "Hola Sofía, siento mucho lo ocurrido. Le enviamos un repuesto hoy mismo."))),
    (3, 3, "snoozed", (("c", "Ich kann mich seit gestern nicht mehr anmelden."), ("a", "Hallo Jonas, ich prüfe das mit der Technik und melde mich morgen."))),
    (4, 1, "open", (("c", "I was charged twice for order NW-20533. Please refund one of the payments."),)),
    (5, 2, "open", (("c", "Bonjour, comment puis-je changer l'adresse de livraison de ma commande ?"), ("a", "Bonjour Camille, vous pouvez la changer dans Mon compte tant que la commande n'est pas expédiée."), ("c", "Elle est déjà expédiée, que faire ?"))),
    (6, 1, "open", (("c", "Do you offer a discount for schools?"), ("n", "Ask Marta about the education price."))),
    (7, 1, "pending", (("c", "Olá, quero cancelar a minha assinatura."),)),
)  # fmt: skip


def agent_shape(user: User) -> dict[str, Any]:
    return {
        "id": user.id,
        "account_id": user.account_id,
        "availability_status": "online",
        "auto_offline": True,
        "confirmed": True,
        "email": user.email,
        "available_name": user.name,
        "name": user.name,
        "role": user.role,
        "thumbnail": "",
        "custom_role_id": None,
    }
