"""Gyms: trainers, classes and members."""

from __future__ import annotations

GYM = (
    """
trainer
  trainer_id    key
  trainer_name  label     @person
  certificate   category  bronze|silver|gold
  hire_date     date      2010-01-01..2023-12-31
fitness_class
  class_id      key
  class_name    label     Morning Yoga|Spin Blast|Core Power|Aqua Fit|Box Basics
  trainer_id    ref       trainer.trainer_id
  weekday       category  @weekday
  duration      level     20..90/5
  participants (number of participants) amount 2..40
""",
    """
gym_member (member, members)
  member_id     key
  full_name     label     @person
  plan          category  monthly|yearly|weekly
  age           level     16..75
  visits (number of visits) amount 0..300/5
  last_visit    date?     2023-01-01..2024-03-31
""",
    """
gym_machine (machine, machines)
  machine_id    key
  machine_name  label     rower|treadmill|leg press|cross trainer|bench
  zone          category  cardio|strength|stretching
  purchase_year year      2008..2023
  price         level     200..9000/100
maintenance (service job, service jobs)
  maintenance_id key
  machine_id    ref       gym_machine.machine_id
  service_date  date      2022-01-01..2023-12-31
  service_cost  amount    20..900/10
""",
)
