"""The pages of the story, and how one gets to each in the sample academy."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Page


@dataclass(frozen=True, slots=True)
class Place:
    """A page: whose it is (a sample account, or nobody), where one begins, and the links followed from there.

    `status`: what the server answers. `press`: what is clicked once there.
    """

    name: str
    who: str
    start: str
    follow: tuple[str, ...] = ()
    status: int = 200
    press: str = ""

    def go(self, page: Page) -> None:
        """Open it; AssertionError when the answer is another than expected."""
        address = self.start
        for selector in self.follow:
            page.goto(address)
            address = page.locator(selector).first.get_attribute("href") or ""
            assert address, f"{self.name}: {selector} leads nowhere"
        answer = page.goto(address)
        assert answer is not None
        assert answer.status == self.status, f"{self.name}: {address} answers {answer.status}"
        if self.press:
            page.locator(self.press).first.click()
        page.wait_for_load_state("networkidle")


# The first learner has watched here, the second has a whole year behind; so has the second teacher's large class.
LEARNER, STEADY, TEACHER, LARGE, EDITOR, ADMIN = "l007", "l061", "head1", "head3", "editor", "academy"
COURSE = "main .course-row a[href^='/courses/']"

PLACES = (
    Place("sign-in", "", "/sign-in"),
    Place("activate", "", "/activate"),
    Place("forgotten", "", "/forgotten"),
    Place("home", "", "/"),
    Place("preview", "", "/catalogue"),
    Place("announcements", "", "/announcements"),
    Place("help", "", "/help"),
    Place("help-page", "", "/help", ("main a[href^='/help/']",)),
    Place("glossary", "", "/help/glossary"),
    Place("error", "", "/nothing-here", status=404),
    Place("my-year", STEADY, "/"),
    Place("gap", STEADY, "/plan"),
    Place("catalogue", STEADY, "/courses"),
    Place("course", LEARNER, "/lessons/2", ("a[href^='/courses/']",)),
    Place("player", LEARNER, "/lessons/2"),
    Place("article", LEARNER, "/lessons/3"),
    Place("statement", STEADY, "/statement"),
    Place("why", STEADY, "/statement", ("table.ledger a[href*='open=']",)),
    Place("as-of", LEARNER, "/statement", press=".as-of summary"),
    Place("clauses", LEARNER, "/statement/rules/1"),
    Place("trace", LEARNER, "/statement", ("table.ledger a[href*='open=']", ".facts a[href*='/traces/']")),
    Place("certificates", LEARNER, "/certificates"),
    Place("certificate-new", LEARNER, "/certificates/new"),
    Place("check", "", "/check"),
    Place("check-unknown", "", "/check/000000000000000000000000", status=404),
    Place("ticket-new", LEARNER, "/lessons/2/ticket"),
    Place("tickets", LEARNER, "/tickets"),
    Place("messages", STEADY, "/messages"),
    Place("account", LEARNER, "/account"),
    Place("profile", LEARNER, "/account/profile"),
    Place("correct", LEARNER, "/account/profile/correct/phone"),
    Place("my-data", LEARNER, "/account/data"),
    Place("message-choices", LEARNER, "/account/messages"),
    Place("classes", TEACHER, "/classes"),
    Place("my-class", LARGE, "/classes/class-3"),
    Place("class-tickets", TEACHER, "/classes/class-1/tickets"),
    Place("learner", TEACHER, "/classes/class-1", ("main table .who a",)),
    Place("learner-statement", TEACHER, "/classes/class-1", ("main table .who a", "a[href^='/statement/']")),
    Place("editor", EDITOR, "/edit"),
    Place("editor-new", EDITOR, "/edit/new"),
    Place("editor-course", EDITOR, "/edit", ("main table a[href^='/edit/']",)),
    Place("editor-lesson", EDITOR, "/edit", ("main table a[href^='/edit/']", "a[href*='/lessons/']")),
    Place("periods", ADMIN, "/periods"),
    Place("period", ADMIN, "/periods", ("main table a[href^='/periods/']",)),
    Place("rules", ADMIN, "/rules"),
    Place("rules-version", ADMIN, "/rules/1"),
    Place("rules-compare", ADMIN, "/rules/compare"),
    Place("draft-new", ADMIN, "/rules/drafts/new"),
    Place("accounts", ADMIN, "/desk/accounts"),
    Place("accounts-of-units", "liaison", "/desk/accounts?state=new"),
    Place("account-of", ADMIN, "/desk/accounts?state=new", ("main table .who a",)),
    Place("own-people", "liaison", "/desk/people"),
    Place("own-person", "liaison", "/desk/people", ("main table .who a",)),
    Place("units", ADMIN, "/desk/units"),
    Place("unit", ADMIN, "/desk/units", ("main table a[href^='/desk/units/']",)),
    Place("corrections", "liaison", "/desk/corrections"),
    Place("correction", ADMIN, "/desk/corrections", ("main table .who a",)),
    Place("second-factor", ADMIN, "/account/second-factor"),
    Place("desk-announcements", ADMIN, "/desk/announcements"),
    Place("announcement-new", ADMIN, "/desk/announcements/new"),
    Place("desk-classes", ADMIN, "/desk/classes"),
    Place("class-rule-new", ADMIN, "/desk/classes/rules/new"),
    Place("class-preview", ADMIN, "/desk/classes/preview?take_in=1"),
    Place("class-pins", ADMIN, "/desk/classes/pins?q=l00"),
)
