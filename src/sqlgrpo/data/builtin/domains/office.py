"""Offices: employees, projects and tasks."""

from __future__ import annotations

OFFICE = (
    """
employee
  employee_id   key
  name          label     @person
  job           category  analyst|developer|designer|accountant
  salary        amount    25000..150000/1000
  hire_date     date      2005-01-01..2023-12-31
task
  task_id       key
  employee_id   ref       employee.employee_id
  task_name     label     write report|fix printer|plan budget|clean data|call supplier
  priority      category  low|medium|high
  hours (number of hours) amount 1..60
""",
    """
division
  division_id   key
  division_name label     Research|Legal|Sales|Support|Marketing
  floor         level     1..20
project
  project_id    key
  project_name  label     Blue Heron|Quick Win|Atlas Two|Paperless|Night Shift
  division_id   ref       division.division_id
  budget        amount    5000..900000/5000
  start_date    date      2020-01-01..2023-12-31
  end_date      date?     2021-01-01..2025-12-31
""",
    """
job_applicant (applicant, applicants)
  applicant_id  key
  applicant_name label    @person
  degree        category  bachelor|master|doctorate|none
  test_score    level     0..100
  experience_years (years of experience) level 0..25
  application_date date   2023-01-01..2024-03-31
  referrer      category? Ada Brandt|Hugo Martel|Tara Quinn
""",
    """
consultant
  id            key
  consultant_name label   @person
  daily_rate    level     200..1500/50
customer_firm (firm, firms)
  id            key
  firm_name     label     Baltic Foods|Orion Textiles|Zenith Bank|Quarry & Co
  sector        category  food|finance|textiles|mining
contract
  id            key
  consultant_id ref       consultant.id
  firm_id       ref       customer_firm.id
  days (number of days) amount 1..200
""",
)
