"""Hospitals: who works there, who is treated, and what it costs."""

from __future__ import annotations

HOSPITAL = (
    """
doctor
  doctor_id     key
  name          label     @person
  specialty     category  surgery|cardiology|neurology|dermatology|oncology
  salary        level     60000..240000/5000
  hire_year     year      1995..2023
appointment
  appointment_id key
  doctor_id     ref       doctor.doctor_id
  patient_name  label     @person
  visit_date    date      2021-01-01..2023-12-31
  fee           amount    20..400/5
""",
    """
ward
  id            key
  ward_name     label     Maple Ward|Cedar Ward|Willow Ward|Aspen Ward|Birch Ward|Linden Ward
  floor         level     1..9
  beds (number of beds) amount 6..60/2
patient
  id            key
  full_name     label     @person
  age           level     1..95
  blood_type    category? A|B|AB|O
  ward_id       ref       ward.id
""",
    """
medicine
  medicine_id   key
  title         label     Calmora|Dexivan|Febrinol|Gastrex|Nervita|Pulmosan|Sedalin|Tussamed
  maker         category  Norvita|Helix Labs|Amberline|Zentra
  form          category  tablet|syrup|capsule|cream
  price         level     2.5..90.0/0.5
  stock         amount    0..900/10
  expiry_date   date?     2024-01-01..2027-12-31
""",
    """
nurse
  nurse_id      key
  nurse_name    label     @person
  grade         category  junior|senior|head
clinic
  clinic_id     key
  clinic_name   label     Lakeside Clinic|Green Cross|St Brigid|Valley Care
  city          category  @city
duty
  duty_id       key
  nurse_id      ref       nurse.nurse_id
  clinic_id     ref       clinic.clinic_id
  duty_date     date      2023-01-01..2024-03-31
  hours (number of hours) amount 2..14
""",
)
