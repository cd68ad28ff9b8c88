"""Schools and universities."""

from __future__ import annotations

SCHOOL = (
    """
student
  student_id    key
  name          label     @person
  major         category  biology|physics|law|history|economics
  age           level     17..35
  grade_average level     1.0..4.0/0.1
""",
    """
teachers (teacher, teachers)
  teacher_id    key
  last_name     label     @surname
  subject       category  maths|music|geography|chemistry|art
  experience_years (years of experience) level 1..40
courses (course, courses)
  course_id     key
  course_title  label     Algebra Basics|World Maps|Choir Practice|Lab Safety|Oil Painting
  teacher_id    ref       teachers.teacher_id
  level         category  @level
  seats (number of seats) amount 8..60
""",
    """
department
  id            key
  dept_name (name) label     Astronomy|Linguistics|Nursing|Robotics|Geology|Theatre Studies
  building      category  East Hall|West Hall|Main Block|Annex
  budget        amount    100000..2000000/50000
professor
  id            key
  name          label     @person
  department_id ref       department.id
  rank          category  assistant|associate|full
  salary        amount    50000..160000/2000
  start_year    year?     1985..2022
""",
    """
pupil
  id            key
  pupil_name    label     @person
  grade         level     1..12
club
  id            key
  club_name     label     Chess|Drama|Choir|Robotics|Debate
  weekday       category  @weekday
club_entry (enrolment, enrolments)
  id            key
  pupil_id      ref       pupil.id
  club_id       ref       club.id
  entry_year    year      2015..2024
""",
)
