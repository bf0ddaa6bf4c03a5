"""The form of the style guide: every kind of field, in every state. Its words are for those who build the academy."""

from __future__ import annotations

from flask_wtf import FlaskForm
from wtforms import BooleanField, RadioField, SelectField, StringField, TextAreaField
from wtforms.fields import SelectChoice
from wtforms.validators import InputRequired, Optional


class ExampleForm(FlaskForm):
    """Shown, never sent."""

    title = StringField("课程名称", [InputRequired()], description="写全称，不用引号。")
    login = StringField("登录名", [InputRequired()])
    unit = SelectField(
        "单位", choices=[SelectChoice("edu", "云汀市教育局"), SelectChoice("health", "云汀市卫生健康委员会")]
    )
    due = StringField("截止日期", [Optional()])
    fixed = StringField("编号", [Optional()], render_kw={"readonly": True})
    closed = StringField("学年", [Optional()], render_kw={"disabled": True})
    kind = RadioField("要求", choices=[SelectChoice("required", "必修"), SelectChoice("elective", "选修")])
    told = BooleanField("发布时通知学员", description="只在应用内通知。")
    about = TextAreaField("简介", [Optional()])


def example() -> ExampleForm:
    """The form as it comes back: one field was wrong, what was typed is kept."""
    form = ExampleForm(
        formdata=None, meta={"csrf": False}, title="数据素养：数据从哪里来", login="lin xiaolan", unit="edu",
        fixed="DX-0041", closed="2026", kind="required", told=True,
    )  # fmt: skip
    form.login.errors = ["登录名里不能有空格。写成 linxiaolan。"]
    return form
