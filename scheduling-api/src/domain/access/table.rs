//! The access table: every act that exists, and who may do it.
//!
//! One row an act. An act is one endpoint: its name is the operation's id in OpenAPI, and a test refuses a route without
//! a row and a row without a route. `System` rows are this program's own work and have no route.

use super::Reach::{self, Anywhere, Clinic, Desk, Emergency, Own, Theirs, Visit};
use crate::domain::actor::Role::{
    self, Anyone, ClinicAdmin, Guest, Patient, PlatformAdmin, Practitioner, Receptionist, Service,
    System, User,
};

/// A row: who may, and whether a fresh proof of identity is asked for.
#[derive(Debug, Clone, Copy)]
pub struct Rule {
    /// The roles that may, each with how far.
    pub allows: &'static [(Role, Reach)],
    /// Whether the actor must have proved its identity anew shortly before.
    pub step_up: bool,
}

/// Declares the acts with their rows in one place, so that no act can be without one.
macro_rules! access_table {
    ($($(#[$doc:meta])* $act:ident $name:literal: [$($role:ident $reach:ident),+] $($step_up:ident)?;)+) => {
        /// Everything that can be asked for.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Act {
            $($(#[$doc])* $act,)+
        }

        impl Act {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$act,)+];

            /// The act in the audit log, and the operation's id in OpenAPI.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$act => $name,)+ }
            }

            /// Its row.
            #[must_use]
            pub const fn rule(self) -> Rule {
                match self {
                    $(Self::$act => Rule {
                        allows: &[$(($role, $reach)),+],
                        step_up: step_up!($($step_up)?),
                    },)+
                }
            }
        }
    };
}

macro_rules! step_up {
    () => {
        false
    };
    (step_up) => {
        true
    };
}

access_table! {
    // -- Clinics
    /// Opens a clinic.
    CreateClinic "create_clinic": [PlatformAdmin Anywhere];
    /// Lists clinics, for somebody who looks for theirs.
    ListClinics "list_clinics": [Anyone Anywhere];
    /// Reads a clinic's public card.
    ReadClinic "read_clinic": [Anyone Anywhere];
    /// Changes a clinic's public card.
    UpdateClinic "update_clinic": [ClinicAdmin Clinic, PlatformAdmin Anywhere];
    /// Reads how long a clinic keeps what it may forget.
    ReadRetention "read_retention": [ClinicAdmin Clinic];
    /// Changes how long a clinic keeps what it may forget.
    UpdateRetention "update_retention": [ClinicAdmin Clinic] step_up;

    // -- Availability
    /// Makes a visit type.
    CreateService "create_service": [ClinicAdmin Clinic];
    /// Lists a clinic's visit types.
    ListServices "list_services": [Anyone Anywhere];
    /// Reads a visit type.
    ReadService "read_service": [Anyone Anywhere];
    /// Changes a visit type.
    UpdateService "update_service": [ClinicAdmin Clinic];
    /// Makes a practitioner's hours.
    CreateSchedule "create_schedule": [Practitioner Theirs, Receptionist Clinic, ClinicAdmin Clinic];
    /// Reads a practitioner's hours.
    ReadSchedule "read_schedule": [Practitioner Theirs, Receptionist Clinic, ClinicAdmin Clinic];
    /// Finds the hours of a practitioner.
    FindSchedule "find_schedule": [Practitioner Theirs, Receptionist Clinic, ClinicAdmin Clinic];
    /// Changes a practitioner's hours.
    UpdateSchedule "update_schedule": [Practitioner Theirs, Receptionist Clinic, ClinicAdmin Clinic];
    /// Adds dates on which a practitioner's hours do not hold.
    AddOverride "add_override": [Practitioner Theirs, Receptionist Clinic, ClinicAdmin Clinic];
    /// Finds times that can be booked.
    SearchSlots "search_slots": [Anyone Anywhere];
    /// Searches the directory of practitioners.
    SearchPractitioners "search_practitioners": [Anyone Anywhere];

    // -- Appointments
    /// Keeps a time.
    CreateHold "create_hold": [Patient Own, Practitioner Theirs, Receptionist Clinic, ClinicAdmin Clinic, Service Clinic];
    /// Gives a kept time up.
    ReleaseHold "release_hold": [Patient Own, Practitioner Theirs, Receptionist Clinic, ClinicAdmin Clinic, Service Clinic];
    /// Books, or asks for approval.
    CreateAppointment "create_appointment":
        [Patient Own, Practitioner Theirs, Receptionist Clinic, ClinicAdmin Clinic, Service Clinic];
    /// Reads an appointment.
    ReadAppointment "read_appointment":
        [Patient Own, Practitioner Theirs, Practitioner Emergency, Receptionist Clinic, ClinicAdmin Clinic, Service Clinic];
    /// Lists appointments.
    ListAppointments "list_appointments":
        [Patient Own, Practitioner Theirs, Practitioner Emergency, Receptionist Clinic, ClinicAdmin Clinic, Service Clinic];
    /// Moves an appointment.
    RescheduleAppointment "reschedule_appointment":
        [Patient Own, Practitioner Theirs, Receptionist Clinic, ClinicAdmin Clinic, Service Clinic];
    /// Calls an appointment off.
    CancelAppointment "cancel_appointment":
        [Patient Own, Practitioner Theirs, Receptionist Clinic, ClinicAdmin Clinic, Service Clinic];
    /// Approves a request.
    ApproveAppointment "approve_appointment": [Practitioner Theirs, Receptionist Clinic, ClinicAdmin Clinic];
    /// Turns a request down.
    DeclineAppointment "decline_appointment": [Practitioner Theirs, Receptionist Clinic, ClinicAdmin Clinic];
    /// Says that the patient has come.
    CheckInAppointment "check_in_appointment":
        [Patient Own, Practitioner Theirs, Receptionist Clinic, ClinicAdmin Clinic];
    /// Begins the visit.
    StartAppointment "start_appointment": [Practitioner Theirs];
    /// Ends the visit.
    FinishAppointment "finish_appointment": [Practitioner Theirs];
    /// Says that the patient has not come.
    MarkNoShow "mark_no_show": [Practitioner Theirs, Receptionist Clinic, ClinicAdmin Clinic];
    /// Says by a rule that the patient has not come.
    DecideNoShow "decide_no_show": [System Clinic];
    /// Says that a patient who was missed has come after all.
    TakeBackNoShow "take_back_no_show": [Practitioner Theirs, Receptionist Clinic, ClinicAdmin Clinic];
    /// Says that an appointment should never have been.
    EnterAppointmentInError "enter_appointment_in_error": [Practitioner Theirs, ClinicAdmin Clinic];
    /// Places an appointment outside the rules, with a reason.
    OverrideAppointment "override_appointment": [Practitioner Theirs, Receptionist Clinic, ClinicAdmin Clinic];
    /// Books visits that repeat.
    CreateSeries "create_series":
        [Patient Own, Practitioner Theirs, Receptionist Clinic, ClinicAdmin Clinic, Service Clinic];
    /// Calls off what is left of a series.
    CancelSeries "cancel_series":
        [Patient Own, Practitioner Theirs, Receptionist Clinic, ClinicAdmin Clinic, Service Clinic];

    // -- Waiting
    /// Takes a place on the waitlist.
    JoinWaitlist "join_waitlist": [Patient Own, Receptionist Clinic, ClinicAdmin Clinic];
    /// Lists places on the waitlist.
    ListWaitlist "list_waitlist": [Patient Own, Receptionist Clinic, ClinicAdmin Clinic];
    /// Gives a place on the waitlist up.
    WithdrawFromWaitlist "withdraw_from_waitlist": [Patient Own, Receptionist Clinic, ClinicAdmin Clinic];
    /// Offers times that are free to those who wait.
    OfferFromWaitlist "offer_from_waitlist": [System Clinic];
    /// Joins a queue.
    JoinQueue "join_queue": [Patient Own, Receptionist Clinic, ClinicAdmin Clinic];
    /// Lists who stands in a clinic's queues.
    ListQueue "list_queue": [Patient Own, Practitioner Clinic, Receptionist Clinic, ClinicAdmin Clinic];
    /// Reads a place in a queue.
    ReadQueueEntry "read_queue_entry": [Patient Own, Practitioner Clinic, Receptionist Clinic, ClinicAdmin Clinic];
    /// Leaves a queue.
    LeaveQueue "leave_queue": [Patient Own, Receptionist Clinic, ClinicAdmin Clinic];
    /// Takes the first of a queue.
    TakeFromQueue "take_from_queue": [Practitioner Theirs];
    /// Takes out of a queue who has stood there too long.
    EndQueueEntry "end_queue_entry": [System Clinic];

    /// Ends a hold or request that nobody decided in time.
    ExpireAppointment "expire_appointment": [System Clinic];

    // -- The visit
    /// Reads the visit of an appointment; the first who does makes it.
    ReadAppointmentConsultation "read_appointment_consultation":
        [Patient Own, Practitioner Theirs, Receptionist Clinic, ClinicAdmin Clinic];
    /// Reads a visit.
    ReadConsultation "read_consultation":
        [Patient Own, Practitioner Theirs, Receptionist Clinic, ClinicAdmin Clinic, Guest Visit];
    /// Comes to a visit, with what the device can do.
    CheckInConsultation "check_in_consultation": [Patient Own, Guest Visit];
    /// Gets a token for the call: to wait with, or to take part.
    CreateVisitToken "create_visit_token": [Patient Own, Practitioner Theirs, Guest Visit];
    /// Lets somebody in.
    AdmitParticipant "admit_participant": [Practitioner Theirs, Receptionist Clinic, ClinicAdmin Clinic];
    /// Sends somebody back to wait.
    HoldParticipant "hold_participant": [Practitioner Theirs, Receptionist Clinic, ClinicAdmin Clinic];
    /// Sends somebody away.
    RemoveParticipant "remove_participant": [Practitioner Theirs, Receptionist Clinic, ClinicAdmin Clinic];
    /// Tells who waits something.
    SetNotice "set_notice": [Practitioner Theirs, Receptionist Clinic, ClinicAdmin Clinic];
    /// Lets a visit take longer.
    ExtendConsultation "extend_consultation": [Practitioner Theirs, Receptionist Clinic, ClinicAdmin Clinic];
    /// Ends a visit for everybody.
    EndConsultation "end_consultation": [Practitioner Theirs];
    /// Lists who is expected, waits, and is in.
    ListWaitingRoom "list_waiting_room": [Practitioner Theirs, Receptionist Clinic, ClinicAdmin Clinic];
    /// Makes a way into a visit for one person.
    CreateJoinLink "create_join_link":
        [Patient Own, Practitioner Theirs, Receptionist Clinic, ClinicAdmin Clinic, Service Clinic];
    /// Lists the ways into a visit.
    ListJoinLinks "list_join_links": [Patient Own, Practitioner Theirs, Receptionist Clinic, ClinicAdmin Clinic];
    /// Ends a way into a visit.
    RevokeJoinLink "revoke_join_link": [Patient Own, Practitioner Theirs, Receptionist Clinic, ClinicAdmin Clinic];
    /// Comes in by a link.
    ExchangeJoinLink "exchange_join_link": [Anyone Anywhere];
    /// Asks for a link by mail.
    RecoverJoinLink "recover_join_link": [Anyone Anywhere];
    /// Takes note of what the media server tells.
    HearMedia "hear_media": [System Clinic];
    /// Ends a visit that nobody leads any more.
    EndAbandonedConsultation "end_abandoned_consultation": [System Clinic];

    // -- Rooms of clinics that bring their own scheduling
    /// Opens a room, or changes it.
    CreateRoom "create_room": [ClinicAdmin Clinic, Service Clinic];
    /// Reads a room.
    ReadRoom "read_room": [ClinicAdmin Clinic, Service Clinic];
    /// Ends a room for everybody.
    CloseRoom "close_room": [ClinicAdmin Clinic, Service Clinic];
    /// Makes a token for a room.
    CreateRoomToken "create_room_token": [ClinicAdmin Clinic, Service Clinic];
    /// Lets somebody into a room.
    AdmitToRoom "admit_to_room": [ClinicAdmin Clinic, Service Clinic];
    /// Sends somebody in a room back to wait.
    HoldInRoom "hold_in_room": [ClinicAdmin Clinic, Service Clinic];
    /// Sends somebody out of a room.
    RemoveFromRoom "remove_from_room": [ClinicAdmin Clinic, Service Clinic];


    // -- What is written about a visit. `Theirs` is a visit of one's own; for reading, a patient of one's own.
    /// Writes the draft of a visit's note.
    WriteNote "write_note": [Practitioner Theirs];
    /// Makes a visit's note final.
    SignNote "sign_note": [Practitioner Theirs] step_up;
    /// Adds to a visit's signed note.
    AddAddendum "add_addendum": [Practitioner Theirs] step_up;
    /// Reads a visit's note. Drafts are seen by who writes them alone.
    ReadNote "read_note": [Patient Own, Practitioner Theirs, Service Clinic];
    /// Lists a patient's signed notes.
    ListNotes "list_notes": [Patient Own, Practitioner Theirs, Service Clinic];
    /// Begins a prescription.
    CreatePrescription "create_prescription": [Practitioner Theirs];
    /// Changes the draft of a prescription.
    UpdatePrescription "update_prescription": [Practitioner Theirs];
    /// Gives the draft of a prescription up.
    DiscardPrescription "discard_prescription": [Practitioner Theirs];
    /// Puts a prescription in force.
    SignPrescription "sign_prescription": [Practitioner Theirs] step_up;
    /// Takes a prescription back.
    CancelPrescription "cancel_prescription": [Practitioner Theirs] step_up;
    /// Reads a prescription. Drafts are seen by who writes them alone.
    ReadPrescription "read_prescription": [Patient Own, Practitioner Theirs, Service Clinic];
    /// Lists a patient's prescriptions.
    ListPrescriptions "list_prescriptions": [Patient Own, Practitioner Theirs, Service Clinic];
    /// Prints a signed prescription.
    PrintPrescription "print_prescription": [Patient Own, Practitioner Theirs];
    /// Tells whoever has its code whether a printed prescription holds.
    CheckPrescription "check_prescription": [Anyone Anywhere];
    /// Begins the upload of a document about a patient.
    CreateDocument "create_document": [Patient Own, Practitioner Theirs];
    /// Uploads a part of a document.
    UploadPart "upload_part": [Patient Own, Practitioner Theirs];
    /// Says that all parts of a document are there.
    CompleteDocument "complete_document": [Patient Own, Practitioner Theirs];
    /// Gives an upload up.
    DiscardDocument "discard_document": [Patient Own, Practitioner Theirs];
    /// Reads what a document is.
    ReadDocument "read_document": [Patient Own, Practitioner Theirs, Practitioner Emergency];
    /// Lists a patient's documents.
    ListDocuments "list_documents": [Patient Own, Practitioner Theirs, Practitioner Emergency];
    /// Lists the recordings of a visit.
    ListRecordings "list_recordings": [Patient Own, Practitioner Theirs, Practitioner Emergency];
    /// Reads a document.
    DownloadDocument "download_document": [Patient Own, Practitioner Theirs, Practitioner Emergency];
    /// Lets a practitioner read documents.
    CreateShare "create_share": [Patient Own];
    /// Lists who may read a patient's documents.
    ListShares "list_shares": [Patient Own];
    /// Ends that.
    RevokeShare "revoke_share": [Patient Own];
    /// Judges a document.
    CheckDocument "check_document": [System Clinic];
    /// Gives an upload up that nobody goes on with.
    ExpireUpload "expire_upload": [System Clinic];
    /// Takes a recording of a visit into the record.
    TakeRecording "take_recording": [System Clinic];
    /// Deletes a recording that is nobody's to keep: its patient was forgotten, or there is nothing to see in it.
    DropRecording "drop_recording": [System Clinic];
    /// Ends a recording that the clinic does not keep any longer.
    EndRecording "end_recording": [System Clinic];
    /// Reads what a clinic chose about its records.
    ReadRecordSettings "read_record_settings":
        [Patient Clinic, Practitioner Clinic, Receptionist Clinic, ClinicAdmin Clinic];
    /// Chooses it.
    UpdateRecordSettings "update_record_settings": [ClinicAdmin Clinic];
    /// Begins a thread of messages. `Desk`: what is for the clinic as a whole.
    CreateThread "create_thread": [Patient Own, Practitioner Theirs, Receptionist Desk, ClinicAdmin Desk];
    /// Reads a thread.
    ReadThread "read_thread": [Patient Own, Practitioner Theirs, Receptionist Desk, ClinicAdmin Desk];
    /// Lists threads.
    ListThreads "list_threads": [Patient Own, Practitioner Theirs, Receptionist Desk, ClinicAdmin Desk];
    /// Reads messages.
    ListMessages "list_messages": [Patient Own, Practitioner Theirs, Receptionist Desk, ClinicAdmin Desk];
    /// Writes a message.
    CreateMessage "create_message": [Patient Own, Practitioner Theirs, Receptionist Desk, ClinicAdmin Desk];
    /// Says how far somebody has read.
    MarkRead "mark_read": [Patient Own, Practitioner Theirs, Receptionist Desk, ClinicAdmin Desk];
    /// Says who of the clinic looks after a thread.
    AssignThread "assign_thread": [Practitioner Theirs, Receptionist Desk, ClinicAdmin Desk];
    /// Ends a thread.
    CloseThread "close_thread": [Practitioner Theirs, Receptionist Desk, ClinicAdmin Desk];
    /// Makes a template for messages.
    CreateMessageTemplate "create_message_template": [Receptionist Clinic, ClinicAdmin Clinic];
    /// Lists the templates for messages.
    ListMessageTemplates "list_message_templates": [Practitioner Clinic, Receptionist Clinic, ClinicAdmin Clinic];
    /// Changes a template for messages.
    UpdateMessageTemplate "update_message_template": [Receptionist Clinic, ClinicAdmin Clinic];
    /// Ends a template for messages.
    EndMessageTemplate "end_message_template": [Receptionist Clinic, ClinicAdmin Clinic];
    /// Reviews a visit.
    CreateReview "create_review": [Patient Own];
    /// Reads the review of a visit.
    ReadReview "read_review": [Patient Own, ClinicAdmin Clinic];
    /// Lists a clinic's reviews.
    ListReviews "list_reviews": [ClinicAdmin Clinic];
    /// Lists what is published of oneself, to answer it.
    ListOwnReviews "list_own_reviews": [Practitioner Theirs];
    /// Says whether others see a review.
    ModerateReview "moderate_review": [ClinicAdmin Clinic];
    /// Answers a review.
    ReplyToReview "reply_to_review": [Practitioner Theirs];
    /// Reads what patients say of a practitioner.
    ListPractitionerReviews "list_practitioner_reviews": [Anyone Anywhere];
    // -- The patient's record. `Theirs` is a patient of one's own.
    /// Writes a new entry.
    CreateRecordEntry "create_record_entry": [Patient Own, Practitioner Theirs, Service Clinic];
    /// Corrects an entry.
    CorrectRecordEntry "correct_record_entry": [Patient Own, Practitioner Theirs, Service Clinic];
    /// Reads an entry.
    ReadRecordEntry "read_record_entry": [Patient Own, Practitioner Theirs, Practitioner Emergency, Service Clinic];
    /// Reads what stood in an entry before.
    ListRecordVersions "list_record_versions":
        [Patient Own, Practitioner Theirs, Practitioner Emergency, Service Clinic];
    /// Lists entries.
    ListRecordEntries "list_record_entries":
        [Patient Own, Practitioner Theirs, Practitioner Emergency, Service Clinic];
    /// Reads what somebody needs to know first.
    ReadRecordSummary "read_record_summary": [Patient Own, Practitioner Theirs, Practitioner Emergency];
    /// Makes a questionnaire.
    CreateQuestionnaire "create_questionnaire": [Practitioner Clinic, ClinicAdmin Clinic];
    /// Changes a questionnaire.
    UpdateQuestionnaire "update_questionnaire": [Practitioner Clinic, ClinicAdmin Clinic];
    /// Reads a questionnaire.
    ReadQuestionnaire "read_questionnaire":
        [Patient Clinic, Practitioner Clinic, Receptionist Clinic, ClinicAdmin Clinic, Service Clinic];
    /// Lists a clinic's questionnaires.
    ListQuestionnaires "list_questionnaires":
        [Patient Clinic, Practitioner Clinic, Receptionist Clinic, ClinicAdmin Clinic, Service Clinic];

    // -- The calendar
    /// Reads an appointment as a calendar's entry.
    ReadCalendarEntry "read_calendar_entry":
        [Patient Own, Practitioner Theirs, Practitioner Emergency, Receptionist Clinic, ClinicAdmin Clinic, Service Clinic];

    // -- Money
    /// Lists the ways in which a clinic can be paid.
    ListPaymentMethods "list_payment_methods": [Anyone Anywhere];
    /// Reads a clinic's rules about money.
    ReadBilling "read_billing": [Receptionist Clinic, ClinicAdmin Clinic];
    /// Changes a clinic's rules about money.
    UpdateBilling "update_billing": [ClinicAdmin Clinic] step_up;
    /// Begins to pay for a visit.
    StartPayment "start_payment": [Patient Own, Receptionist Clinic, ClinicAdmin Clinic];
    /// Takes note of money that the desk took.
    RecordPayment "record_payment": [Receptionist Clinic, ClinicAdmin Clinic];
    /// Reads a payment.
    ReadPayment "read_payment": [Patient Own, Receptionist Clinic, ClinicAdmin Clinic];
    /// Lists payments.
    ListPayments "list_payments": [Patient Own, Receptionist Clinic, ClinicAdmin Clinic];
    /// Has a payment looked at now.
    RefreshPayment "refresh_payment": [Patient Own, Receptionist Clinic, ClinicAdmin Clinic];
    /// Takes what is reserved.
    CapturePayment "capture_payment": [ClinicAdmin Clinic] step_up;
    /// Lets a payment go before money moved.
    VoidPayment "void_payment": [Patient Own, Receptionist Clinic, ClinicAdmin Clinic];
    /// Gives money back.
    RefundPayment "refund_payment": [ClinicAdmin Clinic] step_up;
    /// Lists a payment's refunds.
    ListRefunds "list_refunds": [Patient Own, Receptionist Clinic, ClinicAdmin Clinic];
    /// Says what became of a refund that waits for a person.
    ResolveRefund "resolve_refund": [ClinicAdmin Clinic] step_up;
    /// Lets a patient off a fee.
    WaiveFee "waive_fee": [ClinicAdmin Clinic];
    /// Lists invoices and credit notes.
    ListInvoices "list_invoices": [Patient Own, Receptionist Clinic, ClinicAdmin Clinic];
    /// Reads an invoice or credit note.
    ReadInvoice "read_invoice": [Patient Own, Receptionist Clinic, ClinicAdmin Clinic];
    /// Reads it as a paper.
    PrintInvoice "print_invoice": [Patient Own, Receptionist Clinic, ClinicAdmin Clinic];
    /// Names an insurer that a clinic bills.
    CreatePayer "create_payer": [ClinicAdmin Clinic];
    /// Lists a clinic's insurers.
    ListPayers "list_payers": [Patient Clinic, Practitioner Clinic, Receptionist Clinic, ClinicAdmin Clinic];
    /// Changes an insurer, and which part its patients pay.
    UpdatePayer "update_payer": [ClinicAdmin Clinic] step_up;
    /// Says by whom a patient is insured.
    CreateCoverage "create_coverage": [Patient Own, Receptionist Clinic, ClinicAdmin Clinic];
    /// Lists coverages.
    ListCoverages "list_coverages": [Patient Own, Receptionist Clinic, ClinicAdmin Clinic];
    /// Reads a coverage.
    ReadCoverage "read_coverage": [Patient Own, Receptionist Clinic, ClinicAdmin Clinic];
    /// Changes a coverage, or ends it.
    UpdateCoverage "update_coverage": [Patient Own, Receptionist Clinic, ClinicAdmin Clinic];
    /// Lists what insurers are asked to pay.
    ListInsuranceClaims "list_insurance_claims": [Patient Own, Receptionist Clinic, ClinicAdmin Clinic];
    /// Reads what an insurer is asked to pay.
    ReadInsuranceClaim "read_insurance_claim": [Patient Own, Practitioner Theirs, Receptionist Clinic, ClinicAdmin Clinic];
    /// Says by which codes an insurer is asked.
    CodeInsuranceClaim "code_insurance_claim": [Practitioner Theirs, ClinicAdmin Clinic];
    /// Takes note of a claim's next step.
    AdvanceInsuranceClaim "advance_insurance_claim": [Receptionist Clinic, ClinicAdmin Clinic];
    /// Lets go what an insurer does not pay.
    CloseInsuranceClaim "close_insurance_claim": [ClinicAdmin Clinic] step_up;
    /// Reads a claim as FHIR has it, with its diagnoses.
    ReadFhirClaim "read_fhir_claim": [Practitioner Theirs, ClinicAdmin Clinic];
    /// Reads a claim as an X12 file, with its diagnoses.
    ReadX12Claim "read_x12_claim": [Practitioner Theirs, ClinicAdmin Clinic];
    /// Posts what an insurer has paid.
    PostRemittance "post_remittance": [ClinicAdmin Clinic] step_up;
    /// Lists what insurers have paid.
    ListRemittances "list_remittances": [ClinicAdmin Clinic];
    /// Reads what was earned.
    ReadEarnings "read_earnings": [Practitioner Theirs, ClinicAdmin Clinic];
    /// Reads it as a table.
    ExportEarnings "export_earnings": [Practitioner Theirs, ClinicAdmin Clinic];
    /// Lists what practitioners are owed.
    ListPayoutsDue "list_payouts_due": [Practitioner Theirs, ClinicAdmin Clinic];
    /// Lists what practitioners were paid.
    ListPayouts "list_payouts": [Practitioner Theirs, ClinicAdmin Clinic];
    /// Takes note of a transfer to a practitioner.
    MakePayout "make_payout": [ClinicAdmin Clinic] step_up;
    /// Lists where providers' books and ours differ.
    ListDifferences "list_differences": [ClinicAdmin Clinic, PlatformAdmin Anywhere];
    /// Compares the books now.
    Reconcile "reconcile": [PlatformAdmin Anywhere];
    /// Takes Stripe's word.
    ReceiveStripeEvent "receive_stripe_event": [Anyone Anywhere];
    /// Takes `PayPal`'s word.
    ReceivePaypalEvent "receive_paypal_event": [Anyone Anywhere];
    /// Takes M-Pesa's word.
    ReceiveMpesaEvent "receive_mpesa_event": [Anyone Anywhere];
    /// Takes over how a payment stands.
    DrivePayment "drive_payment": [System Clinic];
    /// Settles what a visit owes.
    SettleVisit "settle_visit": [System Clinic];

    // -- Being told
    /// Reads how somebody wants to be told.
    ReadNotificationPreferences "read_notification_preferences": [User Anywhere];
    /// Chooses how to be told.
    UpdateNotificationPreferences "update_notification_preferences": [User Anywhere];
    /// Sends a code to the own telephone.
    SendPhoneCode "send_phone_code": [User Anywhere];
    /// Proves the own telephone by its code.
    ConfirmPhone "confirm_phone": [User Anywhere];
    /// Reads the key that browsers subscribe with.
    ReadPushKey "read_push_key": [Anyone Anywhere];
    /// Has a browser show notifications.
    CreatePushSubscription "create_push_subscription": [User Anywhere];
    /// Lists the own browsers that show notifications.
    ListPushSubscriptions "list_push_subscriptions": [User Anywhere];
    /// Stops a browser from showing notifications.
    RemovePushSubscription "remove_push_subscription": [User Anywhere];
    /// Looks at a patient's visits in an emergency.
    BreakGlass "break_glass": [Practitioner Clinic] step_up;
    /// Lists who did so.
    ListBreakGlass "list_break_glass": [ClinicAdmin Clinic];
    /// Says whether it was right.
    ReviewBreakGlass "review_break_glass": [ClinicAdmin Clinic] step_up;
    /// Asks for a copy of a patient's data, or that it is forgotten.
    CreateDataRequest "create_data_request": [Patient Own] step_up;
    /// Lists what was asked for about a patient's data.
    ListMyDataRequests "list_my_data_requests": [Patient Own];
    /// Reads the copy of a patient's data.
    ReadDataExport "read_data_export": [Patient Own] step_up;
    /// Lists what a clinic's patients asked for.
    ListDataRequests "list_data_requests": [ClinicAdmin Clinic];
    /// Has it done.
    ApproveDataRequest "approve_data_request": [ClinicAdmin Clinic] step_up;
    /// Says that it cannot be.
    RefuseDataRequest "refuse_data_request": [ClinicAdmin Clinic] step_up;
    /// Does it.
    CarryOutDataRequest "carry_out_data_request": [System Clinic];
    /// Reads who saw a patient's data.
    ReadAccessLog "read_access_log": [Patient Own];
    /// Lets somebody watch what happens.
    CreateEventsTicket "create_events_ticket":
        [Patient Clinic, Practitioner Clinic, Receptionist Clinic, ClinicAdmin Clinic, User Anywhere];
    /// Watches, by a ticket.
    OpenEvents "open_events": [Anyone Anywhere];
    /// Answers WhatsApp's first question.
    VerifyWhatsapp "verify_whatsapp": [Anyone Anywhere];
    /// Takes WhatsApp's signed words about messages.
    ReceiveWhatsappStatus "receive_whatsapp_status": [Anyone Anywhere];
    /// Takes a provider's signed word about a text message.
    ReceiveSmsStatus "receive_sms_status": [Anyone Anywhere];
    /// Lists what goes out, and what was set aside.
    ListJobs "list_jobs": [ClinicAdmin Clinic, PlatformAdmin Anywhere];
    /// Has something sent again.
    ReplayJob "replay_job": [ClinicAdmin Clinic, PlatformAdmin Anywhere];
    /// Names a program that is told of events.
    CreateWebhookEndpoint "create_webhook_endpoint": [ClinicAdmin Clinic] step_up;
    /// Lists a clinic's programs that are told of events.
    ListWebhookEndpoints "list_webhook_endpoints": [ClinicAdmin Clinic];
    /// Reads one of them.
    ReadWebhookEndpoint "read_webhook_endpoint": [ClinicAdmin Clinic];
    /// Changes one of them.
    UpdateWebhookEndpoint "update_webhook_endpoint": [ClinicAdmin Clinic] step_up;
    /// Ends one of them.
    EndWebhookEndpoint "end_webhook_endpoint": [ClinicAdmin Clinic];
    /// Gives one of them another key.
    RotateWebhookSecret "rotate_webhook_secret": [ClinicAdmin Clinic] step_up;
    /// Lists what one of them was told.
    ListWebhookDeliveries "list_webhook_deliveries": [ClinicAdmin Clinic];
    /// Tells one of them something again.
    ReplayWebhookDelivery "replay_webhook_delivery": [ClinicAdmin Clinic];


    // -- Signing in
    /// Registers a patient.
    Register "register": [Anyone Anywhere];
    /// Finishes a registration.
    VerifyEmail "verify_email": [Anyone Anywhere];
    /// Signs in by password.
    SignIn "sign_in": [Anyone Anywhere];
    /// Finishes signing in with a second factor.
    AnswerSecondFactor "answer_second_factor": [Anyone Anywhere];
    /// Mails a link that signs in.
    RequestMagicLink "request_magic_link": [Anyone Anywhere];
    /// Signs in by a link.
    RedeemMagicLink "redeem_magic_link": [Anyone Anywhere];
    /// Mails a link that lets a forgotten password be replaced.
    RequestPasswordReset "request_password_reset": [Anyone Anywhere];
    /// Replaces a forgotten password.
    ResetPassword "reset_password": [Anyone Anywhere];

    // -- People
    /// Joins a clinic's staff.
    AcceptInvitation "accept_invitation": [Anyone Anywhere];
    /// Invites the first administrator of an installation.
    InviteFirstAdministrator "invite_first_administrator": [System Anywhere];
    /// Invites somebody to a clinic's staff.
    InviteMember "invite_member": [ClinicAdmin Clinic, PlatformAdmin Anywhere] step_up;
    /// Lists who works in a clinic.
    ListStaff "list_staff": [ClinicAdmin Clinic, Receptionist Clinic, Practitioner Clinic, Service Clinic];
    /// Ends what somebody is in a clinic.
    EndMembership "end_membership": [ClinicAdmin Clinic] step_up;
    /// Reads how the installation is.
    ReadHealth "read_health": [PlatformAdmin Anywhere];
    /// Lists all accounts.
    ListAccounts "list_accounts": [PlatformAdmin Anywhere];
    /// Switches an account off.
    DisableAccount "disable_account": [PlatformAdmin Anywhere] step_up;
    /// Switches an account on.
    EnableAccount "enable_account": [PlatformAdmin Anywhere] step_up;
    /// Searches a clinic's audit log.
    SearchAudit "search_audit": [ClinicAdmin Clinic];
    /// Reads a patient's profile.
    ReadPatient "read_patient": [Patient Own, Receptionist Clinic, Practitioner Clinic, ClinicAdmin Clinic, Service Clinic];
    /// Finds patients by what staff know of them.
    SearchPatients "search_patients":
        [Patient Own, Receptionist Clinic, Practitioner Clinic, ClinicAdmin Clinic, Service Clinic];
    /// Changes a patient's profile.
    UpdatePatient "update_patient": [Patient Own, Receptionist Clinic, Service Clinic];
    /// Lists who acts for a patient.
    ListProxies "list_proxies": [Patient Own, Receptionist Clinic, ClinicAdmin Clinic, Service Clinic];
    /// Lets somebody act for a patient.
    AddProxy "add_proxy": [Receptionist Clinic, ClinicAdmin Clinic];
    /// Ends somebody's right to act for a patient.
    EndProxy "end_proxy": [Patient Own, Receptionist Clinic, ClinicAdmin Clinic];
    /// Reads a practitioner's public card.
    ReadPractitioner "read_practitioner": [Anyone Anywhere];
    /// Changes a practitioner's public card.
    UpdatePractitioner "update_practitioner": [Practitioner Theirs, ClinicAdmin Clinic, Service Clinic];

    // -- The authorization server
    /// Sends a person on, to a client or to the page that asks.
    Authorize "authorize": [Anyone Anywhere];
    /// Gives tokens.
    Token "token": [Anyone Anywhere];
    /// Tells what a token is worth.
    Introspect "introspect": [Anyone Anywhere];
    /// Takes a token back.
    Revoke "revoke": [Anyone Anywhere];
    /// Lists the keys that verify tokens.
    ReadSigningKeys "read_signing_keys": [Anyone Anywhere];
    /// Describes the authorization server.
    ReadOauthMetadata "read_oauth_metadata": [Anyone Anywhere];
    /// Describes it where OpenID Connect looks.
    ReadOpenidConfiguration "read_openid_configuration": [Anyone Anywhere];
    /// Tells who the person behind a token is.
    UserInfo "user_info": [User Anywhere];
    /// Reads what a person is asked about a client.
    ReadConsent "read_consent": [User Anywhere];
    /// Answers whether a client may.
    DecideConsent "decide_consent": [User Anywhere];
    /// Makes a new key that signs.
    RotateSigningKey "rotate_signing_key": [PlatformAdmin Anywhere] step_up;
    /// Registers a clinic's program.
    CreateOauthClient "create_oauth_client": [ClinicAdmin Clinic] step_up;
    /// Lists a clinic's programs.
    ListOauthClients "list_oauth_clients": [ClinicAdmin Clinic];
    /// Switches a program off.
    DisableOauthClient "disable_oauth_client": [ClinicAdmin Clinic];
    /// Makes an API key.
    CreateApiKey "create_api_key": [ClinicAdmin Clinic] step_up;
    /// Lists a clinic's API keys.
    ListApiKeys "list_api_keys": [ClinicAdmin Clinic];
    /// Ends an API key.
    RevokeApiKey "revoke_api_key": [ClinicAdmin Clinic];

    /// Lists the outside providers that a clinic's people may sign in by.
    ListProviders "list_providers": [Anyone Anywhere];
    /// Names an outside provider.
    CreateProvider "create_provider": [PlatformAdmin Anywhere] step_up;
    /// Sends a person to an outside provider.
    StartProviderSignIn "start_provider_sign_in": [Anyone Anywhere];
    /// Signs in who comes back.
    FinishProviderSignIn "finish_provider_sign_in": [Anyone Anywhere];
    /// Asks a browser for a passkey.
    StartPasskeySignIn "start_passkey_sign_in": [Anyone Anywhere];
    /// Signs in by a passkey.
    FinishPasskeySignIn "finish_passkey_sign_in": [Anyone Anywhere];

    // -- The own account
    /// Asks a browser to make a passkey.
    StartPasskey "start_passkey": [User Anywhere] step_up;
    /// Keeps a new passkey.
    FinishPasskey "finish_passkey": [User Anywhere];
    /// Lists the own passkeys.
    ListPasskeys "list_passkeys": [User Anywhere];
    /// Takes a passkey away.
    RemovePasskey "remove_passkey": [User Anywhere] step_up;
    /// Reads the own account.
    ReadMe "read_me": [User Anywhere];
    /// Chooses the clinic that a session acts in.
    ChooseClinic "choose_clinic": [User Anywhere];
    /// Proves anew who it is.
    StepUp "step_up": [User Anywhere];
    /// Ends this session.
    SignOut "sign_out": [User Anywhere];
    /// Lists the own sessions.
    ListSessions "list_sessions": [User Anywhere];
    /// Ends another of the own sessions.
    EndSession "end_session": [User Anywhere];
    /// Chooses another password.
    ChangePassword "change_password": [User Anywhere] step_up;
    /// Offers an authenticator app a secret.
    EnrolTotp "enrol_totp": [User Anywhere] step_up;
    /// Makes an authenticator app count.
    ConfirmTotp "confirm_totp": [User Anywhere];
    /// Takes an authenticator app away.
    RemoveTotp "remove_totp": [User Anywhere] step_up;
    /// Gives new recovery codes.
    RenewRecoveryCodes "renew_recovery_codes": [User Anywhere] step_up;
}
