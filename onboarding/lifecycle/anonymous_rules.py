"""What becomes of each column of a clinic's people in a sandbox. Whatever is not named here stops it.

One block for each table that is copied, `table: rule=column,column rule=column …`; every column that holds
text, dates or JSON stands in it. Tables of DROPPED are left empty. The rules are in `anonymous`.
"""

from __future__ import annotations

COPIED = """
practice_location: keep=name,short_name,colour,phone,email,address,time_zone
practice_practitioner: staffname=name keep=discipline,colour blank=room_link
practice_providernumber: code=number
practice_rosterhours: keep=starts,ends
practice_locationhours: keep=opens,closes
practice_appointmenttype: keep=name,colour,setting
practice_fundingtype: keep=name

patients_patient: keep=title,sex given=given_names family=family_name given_or_empty=preferred_name
  blank=former_names,gender,pronouns,xero_contact_id,archive_reason,coordinator_name words=alerts,notes
  shift=date_of_birth,coordinator_since,plan_start,plan_end,created_at,changed_at empty=extra
patients_contactpoint: keep=kind contact=value contact_normalised=normalised blank=label
patients_address: keep=kind,state,country street=lines suburb=suburb keep=postcode
patients_patientidentifier: keep=kind,colour code=value,normalised blank=label,reference shift=expires_on
patients_coordinatorassignment: shift=created_at

appointments_appointment: diary=starts_at,ends_at,created_at,changed_at keep=status words=notes
  blank=cancel_reason,source_note,video_link empty=extra,status_times
appointments_diarycolumn: keep=show
appointments_waitingentry: empty=weekdays keep=earliest,latest shift=until,created_at,changed_at words=note

contacts_contact: keep=kind,specialty org=name,organisation blank=title given=given_names family=family_name
  code=provider_number phone=phone,mobile,fax email=email street=address words=notes empty=extra
  diary=created_at,changed_at
contacts_patientcontact: keep=kind,relationship relation=name phone=phone email=email words=notes
  empty=extra shift=created_at,changed_at

notes_notetemplate: keep=name,purpose diary=created_at,changed_at
notes_notetemplateversion: staff=author_name keep=name,sections diary=created_at
notes_templatedefault:
notes_note: staff=author_name,cosigned_by words=kind,title,body empty=sections,extra keep=state,cosign
  shift=noted_at,signed_at,cosigned_at,created_at,changed_at blank=source_note
notes_noteversion: words=title,kind,body empty=sections staff=author_name blank=reason shift=signed_at

letters_lettertemplate: keep=name,subject,body diary=created_at,changed_at
letters_lettertemplateversion: staff=author_name keep=name,subject,body diary=created_at
letters_letter: staff=author_name words=recipient,subject,body keep=state blank=source_note empty=extra
  shift=letter_date,finalised_at,created_at,changed_at

clinic_messages_messagetemplate: keep=name,channel,subject,body diary=created_at,changed_at
clinic_messages_reminderrule: keep=unit,window_from,window_until diary=on_since,created_at,changed_at
clinic_messages_textsettings: keep=quiet_from,quiet_until,on_no,thanks_yes,thanks_no diary=changed_at
clinic_messages_noticesettings: blank=reply_to,phone diary=changed_at

documents_document: keep=kind,category,state,scan,media_type words=title,caption blank=problem,thumbnail_key
  stubname=file_name stubkey=storage_key stubsum=sha256 blank=external_path,source_note empty=extra
  shift=dated_on,created_at,changed_at
documents_imagebatch: words=name blank=source_note empty=extra shift=taken_on,created_at,changed_at

referrals_referral: keep=kind,anchor,counted,state org=referrer_name words=reason,notes blank=closed_reason
  staff=created_by shift=referred_on,received_on,starts_on,expires_on,created_at,changed_at
referrals_referralvisit: staff=chosen_by diary=created_at

funding_ndisplan: code=number keep=management words=goals,notes
  shift=starts_on,ends_on,created_at,changed_at
funding_planbudget: keep=category words=note

consents_consentkind: keep=key,name,text
consents_consent: keep=answer,way blank=by staff=recorded_by words=note
  shift=answered_on,expires_on,recorded_at
consents_contactpreference: keep=channel blank=best_time,language words=access_needs
  shift=created_at,changed_at

measures_measuresettings: keep=crisis_text

problems_problem: staff=recorded_by condition=name blank=code,code_title,code_list,error_reason words=note
  keep=status,side,severity shift=onset_on,resolved_on,created_at,changed_at
problems_allergy: staff=recorded_by substance=substance words=reaction,note keep=severity,status
  blank=error_reason shift=noted_on,created_at,changed_at
problems_medication: staff=recorded_by medicine=name blank=dose,frequency,source,error_reason words=note
  shift=since,until,created_at,changed_at

plans_plantemplate: keep=name,discipline,interventions,frequency,goals diary=created_at,changed_at
plans_plantemplateversion: staff=author_name keep=content diary=created_at
plans_plan: staff=author_name words=title,interventions,outcome blank=frequency,template_name keep=state
  shift=starts_on,ends_on,review_on,closed_on,created_at,changed_at
plans_plangoal: words=text,baseline,target blank=measure_code keep=state diary=due_on

recalls_recalltype: keep=name
recalls_recall: keep=state words=note staff=created_by
  shift=due_on,hidden_until,last_contact_at,created_at,changed_at

invoices_fundingpayer: keep=kind
invoices_priceitem: keep=code,name,unit,gst_rule,income_account,note diary=created_at,changed_at
invoices_price: diary=valid_from,valid_to
invoices_itemfortype:
invoices_cancellationrule: keep=applies_to
invoices_billingdetails: keep=legal_name,abn,address,phone,email,account_name,invoice_prefix
  keep=footer_text
  blank=bsb,account_number,ndis_registration diary=charge_since,changed_at

ndis_ndissettings: keep=region diary=changed_at
ndis_locationregion: keep=region

accounts_user: password=password staffmail=email staffperson=name keep=role
  diary=last_login,created_at,invited_at
"""

DROPPED = """
support_visit support_access connections_connection connections_outboxentry connections_inboxevent
patients_summarymark patients_savedfilter patients_duplicatecandidate patients_duplicatesearch
patients_patientmerge patients_mergedrow mv_patient_summary
notes_supervision notes_notereview letters_lettercopy letters_lettermail
clinic_messages_sentmail clinic_messages_conversation clinic_messages_optout clinic_messages_reminder
clinic_messages_message clinic_messages_patientnotice documents_upload
measures_assessment measures_repeat measures_patientlink
problems_codelist problems_code problems_noknownallergies problems_entryversion problems_listreview
plans_goalprogress plans_planreview
pathology_resultmessage pathology_resultfile pathology_resultreport pathology_resultvalue
pathology_resultreview decision_support_rule decision_support_prompt decision_support_promptdecision
notices_notice notices_pushsubscription threads_thread threads_participant threads_mention threads_post
threads_attachment recalls_recallcontact reports_savedreport reports_reportfile
invoices_defaultpayer invoices_invoicebatch invoices_invoicemail invoices_invoice invoices_invoiceline
invoices_creditnote invoices_creditline invoices_writeoff invoices_waivedvisit invoices_payment
invoices_allocation invoices_refund invoices_ledgerentry invoices_posting invoices_pastinvoice
invoices_numberseries xero_xerosettings xero_xerolink xero_xerocursor xero_xerorun
ndis_pricelist ndis_supportitem ndis_claimdetail ndis_claimbatch ndis_claimline ndis_resultsfile
sms_deliveryalarm sms_poll clinic_storage_storagemove
imports_filemakerconnection imports_importsource imports_sourcefile imports_retention imports_stagedrecord
imports_mapping imports_importrun imports_runprogress imports_runphase imports_importlink imports_rowresult
imports_rowchange imports_correction imports_verification imports_filetask
rights_rightssettings rights_rightsrequest rights_statement rights_restriction rights_legalhold
rights_retentionfact rights_personexport rights_erasure rights_erasedrow rights_destruction rights_breach
rights_breachstep rights_researchextract takeout_takeout checklist_putaside demo_data_demotable
accounts_session
audit_event audit_origin audit_payload audit_queue audit_seal audit_erasure
otp_static_staticdevice otp_static_statictoken otp_totp_totpdevice passkeys_passkey
"""
"""What a sandbox has no use for, or must not have: secrets, connections, what was sent, staged files,
the audit trail, and money, whose books would not balance with invented people."""
