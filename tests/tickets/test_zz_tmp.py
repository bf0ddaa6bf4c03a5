from tests.factories import web
from tests.tickets.place import Place

import time, random
def test_host(place):
    c=place.app.test_client()
    for h in ("[","http://[::1","a]:1","[::1"):
        for url in ("/sign-in","/healthz"):
            a=c.get(url,environ_overrides={"HTTP_HOST":h}); print(repr(h),url,a.status_code)
        a=c.get("/sign-in",headers={"Referer":"http://[::1","Origin":"http://["}); print("ref",a.status_code)
def test_slow(place):
    from app.rules.viewing.trace import record, PRESENCE_CHECK
    from app.viewing.models import Viewing, TraceChunk
    from sqlalchemy import select
    place.watch_badly()
    R=random.Random(1); total=0; n=100
    with place.db.writing() as s:
        v=s.scalars(select(Viewing)).first()
        while total<198_000:
            w=sorted((x,x+3,PRESENCE_CHECK) for x in (R.randrange(0,359_000) for _ in range(20)))
            t=record(1,R.choice([15000,45000]),[],w); total+=len(t)
            s.add(TraceChunk(learner_id=v.learner_id,viewing_id=v.id,number=n,bytes=t)); n+=1
    k=place.ticket().key
    staff=web.browser(place.app,"academy","en")
    for url in (f"/classes/class-1/tickets/{k}",):
        for _ in range(2):
            a=time.time(); r=staff.get(url); print(url,r.status_code,len(r.data),round(time.time()-a,2))
    l=web.browser(place.app,"l001","en")
    a=time.time(); r=l.get(f"/tickets/{k}"); print(r.status_code,len(r.data),round(time.time()-a,2))
