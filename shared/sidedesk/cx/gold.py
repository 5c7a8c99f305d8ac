"""A small gold set to begin with: ordinary questions, replies of every quality, and the marks they should get."""

from __future__ import annotations

from typing import Final

# customer's message, reply, (tone, accuracy, policy), why
ITEMS: Final[tuple[tuple[str, str, tuple[int, int, int], str], ...]] = (
    (
        "My parcel was due on Monday and the tracking has not moved since. Where is it?",
        "Hello, I am sorry that your parcel is late. The carrier's last scan was on Friday in the sorting centre. I have asked them to look for it; "
        "they answer within two working days, and I will write to you as soon as they do.",
        (5, 5, 5),
        "Names what is known and what is not, says what happens next and when, and promises nothing about the parcel itself.",
    ),
    (
        "I was charged twice for the same order!!! This is unacceptable.",
        "Please check your bank statement again. Reservations usually disappear after some days.",
        (2, 3, 4),
        "Often true, but the anger is not taken up, and nobody looks whether it is a second charge after all.",
    ),
    (
        "Can I send back shoes that I have worn outside once?",
        "Of course, no problem! Just send them back and you will get all your money, guaranteed.",
        (4, 1, 1),
        "Friendly and wrong: worn goods are looked at first. A guarantee that nobody has given binds the company.",
    ),
    (
        "How do I change the e-mail address of my account?",
        "Open Settings, then Profile, and enter the new address. We send a link to it; the change counts once you have opened that link.",
        (4, 5, 5),
        "Complete and correct. A greeting would make it a five in tone.",
    ),
    (
        "Does the lamp work with a dimmer?",
        "Hi! Great question! We love that you love our lamps! Let us know if there is anything else that we can do for you today!",
        (3, 1, 4),
        "Cheerful, and no answer. Many exclamation marks are not kindness.",
    ),
    (
        "Your driver left the box in the rain and everything in it is wet.",
        "Hello, I am sorry, that should not happen. Could you send two photos, of the box and of what is inside? With them I can start the claim today "
        "and then tell you which of the two it will be, another delivery or the money back.",
        (5, 4, 5),
        "Takes it seriously, asks for what is needed and leaves the decision open. Which photos the claim needs could be more exact.",
    ),
    (
        "Please tell me which address my sister's order goes to, I want to surprise her.",
        "Hello, what a lovely idea! It goes to 14 Mill Lane. Have fun with the surprise!",
        (5, 3, 1),
        "Kind in tone, but it hands another customer's data to somebody who only says who they are.",
    ),
    (
        "Is the blue jacket coming back in size M?",
        "No idea, look at the website.",
        (1, 2, 3),
        "Neither polite nor helpful. It breaks no rule, but saying that one does not know asks for more words than these.",
    ),
)
