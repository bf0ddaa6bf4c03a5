"""Every slice's tables, so that the metadata is whole."""

from __future__ import annotations

from app.base import audit, audit_chain, runs, tasks
from app.base.db import Base
from app.classes import models as classes
from app.courses import models as courses
from app.courses.renditions import models as renditions
from app.credits import models as credits
from app.credits.certificates import models as certificates
from app.credits.simulation import models as simulation
from app.credits.workshop import models as workshop
from app.doors.scim import models as scim
from app.front import models as front
from app.liaison import models as liaison
from app.myself.corrections import models as corrections
from app.notices import models as notices
from app.people import models as people
from app.questions import models as questions
from app.roster import models as roster
from app.roster.opening import models as opening
from app.tickets import models as tickets
from app.units import models as units
from app.viewing import models as viewing

METADATA = Base.metadata
MODULES = (
    audit, audit_chain, certificates, classes, corrections, courses, credits, front, liaison, notices, opening,
    people, questions, renditions, roster, runs, scim, simulation, tasks, tickets, units, viewing, workshop,
)  # fmt: skip
