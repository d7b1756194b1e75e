//! Clients, what they were granted, and the codes and refresh tokens of a grant.

use std::time::Duration;

use aws_lc_rs::digest::{SHA256, digest};
use jiff::{SignedDuration, Timestamp};

use crate::{
    crypto::secret_token::TokenHash,
    domain::{
        id::{ClinicId, GrantId, OauthClientId, PatientId, UserId},
        oauth::{
            client::{Client, ClientKind},
            code::Code,
            grant::{Chain, REFRESH_ABSOLUTE, REFRESH_IDLE},
            pkce::Challenge,
            redirect::RedirectUri,
            scope::Scopes,
        },
        page::{Page, PageRequest},
        rev::Rev,
        session::Factors,
    },
    store::{Row, StoreError, Tx, values},
};

/// A client with what only the token endpoint needs.
pub(crate) struct KeptClient {
    pub(crate) client: Client,
    pub(crate) rev: Rev,
    pub(crate) secret_hash: Option<String>,
    /// A JWK Set of public keys, for one that proves itself by assertions.
    pub(crate) jwks: Option<String>,
}

/// What a client was granted.
pub(crate) struct Grant {
    pub(crate) id: GrantId,
    pub(crate) clinic: ClinicId,
    /// None when the client acts for itself.
    pub(crate) user: Option<UserId>,
    /// The patient that the program was launched for.
    pub(crate) patient: Option<PatientId>,
    pub(crate) scopes: Scopes,
    /// How the person had signed in.
    pub(crate) factors: Factors,
    pub(crate) authenticated: Timestamp,
    pub(crate) chain: Chain,
}

/// A code with what it was made for.
pub(crate) struct KeptCode {
    pub(crate) grant: GrantId,
    pub(crate) nonce: Option<String>,
    pub(crate) code: Code,
}

/// Keeps a new client.
pub(crate) async fn insert_client(
    tx: &mut Tx,
    client: &Client,
    secret: Option<&TokenHash>,
    jwks: Option<&str>,
    now: Timestamp,
) -> Result<(), StoreError> {
    let Client { id, clinic, name, kind, redirect_uris, scopes, trusted, disabled } = client;
    let uris: Vec<&str> = redirect_uris.iter().map(RedirectUri::as_str).collect();
    let sql = "INSERT INTO oauth_client (id, rev, clinic_id, name, kind, secret_hash, redirect_uris, scopes, trusted,
            disabled, created_ms, jwks)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)";
    let row = values![
        id,
        Rev::FIRST,
        clinic,
        name,
        kind.as_str(),
        secret.map(TokenHash::as_str),
        uris.join("\n"),
        scopes.to_words(),
        *trusted,
        *disabled,
        now,
        jwks,
    ];
    tx.execute_one(sql, row).await
}

/// One client, whether or not it is switched off.
pub(crate) async fn find_client(
    tx: &mut Tx,
    id: &OauthClientId,
) -> Result<Option<KeptClient>, StoreError> {
    let sql = "SELECT * FROM oauth_client WHERE id = $1";
    tx.row(sql, values![id]).await?.as_ref().map(client).transpose()
}

/// A clinic's clients.
pub(crate) async fn clients_of_clinic(
    tx: &mut Tx,
    clinic: &ClinicId,
    page: &PageRequest,
) -> Result<Page<KeptClient>, StoreError> {
    let sql = "SELECT * FROM oauth_client WHERE clinic_id = $1 AND id > $2 ORDER BY id LIMIT $3";
    let rows =
        tx.rows(sql, values![clinic, page.after.as_deref().unwrap_or(""), page.rows()]).await?;
    let clients = rows.iter().map(client).collect::<Result<Vec<_>, _>>()?;
    Ok(Page::of(clients, page, |kept| kept.client.id.to_string()))
}

/// Switches a client off, and ends all that it was granted.
///
/// # Errors
/// [`StoreError::Stale`] when it is off.
pub(crate) async fn disable_client(
    tx: &mut Tx,
    id: &OauthClientId,
    now: Timestamp,
) -> Result<(), StoreError> {
    let sql = "UPDATE oauth_client SET disabled = 1, rev = rev + 1 WHERE id = $1 AND disabled = 0";
    tx.execute_one(sql, values![id]).await?;
    let sql = "UPDATE oauth_grant SET revoked_ms = $2 WHERE client_id = $1 AND revoked_ms IS NULL";
    tx.execute(sql, values![id, now]).await.map(drop)
}

/// Keeps a new grant.
pub(crate) async fn insert_grant(tx: &mut Tx, grant: &Grant) -> Result<(), StoreError> {
    let Grant { id, clinic, user, patient, scopes, factors, authenticated, chain } = grant;
    let sql = "INSERT INTO oauth_grant (id, clinic_id, client_id, user_id, scopes, factors, authenticated_ms,
            granted_ms, refreshed_ms, generation, patient_id)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)";
    let row = values![
        id,
        clinic,
        &chain.client,
        user.as_ref(),
        scopes.to_words(),
        factors.to_words(),
        *authenticated,
        chain.granted,
        chain.refreshed,
        chain.generation,
        patient.as_ref(),
    ];
    tx.execute_one(sql, row).await
}

/// One grant, if its client is not switched off and its person may sign in.
pub(crate) async fn find_grant(tx: &mut Tx, id: &GrantId) -> Result<Option<Grant>, StoreError> {
    let sql = "SELECT oauth_grant.* FROM oauth_grant
        JOIN oauth_client ON oauth_client.id = oauth_grant.client_id AND oauth_client.disabled = 0
        LEFT JOIN account ON account.id = oauth_grant.user_id
        WHERE oauth_grant.id = $1 AND (oauth_grant.user_id IS NULL OR account.state = 'active')";
    tx.row(sql, values![id]).await?.as_ref().map(grant).transpose()
}

/// Whether a person has agreed to this much for a client before, and has not taken it back.
pub(crate) async fn has_agreed(
    tx: &mut Tx,
    user: &UserId,
    client: &OauthClientId,
    wanted: &Scopes,
) -> Result<bool, StoreError> {
    let sql =
        "SELECT * FROM oauth_grant WHERE user_id = $1 AND client_id = $2 AND revoked_ms IS NULL
        ORDER BY id DESC LIMIT 20";
    for row in &tx.rows(sql, values![user, client]).await? {
        if wanted.is_within(&grant(row)?.scopes) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Keeps what became of a grant's chain.
///
/// # Errors
/// [`StoreError::Stale`] when another refresh was faster.
pub(crate) async fn update_chain(
    tx: &mut Tx,
    id: &GrantId,
    before: i64,
    chain: &Chain,
) -> Result<(), StoreError> {
    let sql = "UPDATE oauth_grant SET refreshed_ms = $3, generation = $4, revoked_ms = $5
        WHERE id = $1 AND generation = $2";
    let row = values![id, before, chain.refreshed, chain.generation, chain.revoked];
    tx.execute_one(sql, row).await
}

/// Ends a grant. One that has ended stays so.
pub(crate) async fn revoke_grant(
    tx: &mut Tx,
    id: &GrantId,
    now: Timestamp,
) -> Result<(), StoreError> {
    let sql = "UPDATE oauth_grant SET revoked_ms = $2 WHERE id = $1 AND revoked_ms IS NULL";
    tx.execute(sql, values![id, now]).await.map(drop)
}

/// Ends all grants of a person.
pub(crate) async fn revoke_grants_of(
    tx: &mut Tx,
    user: &UserId,
    now: Timestamp,
) -> Result<(), StoreError> {
    let sql = "UPDATE oauth_grant SET revoked_ms = $2 WHERE user_id = $1 AND revoked_ms IS NULL";
    tx.execute(sql, values![user, now]).await.map(drop)
}

/// Keeps a new code.
pub(crate) async fn insert_code(
    tx: &mut Tx,
    hash: &TokenHash,
    kept: &KeptCode,
) -> Result<(), StoreError> {
    let KeptCode { grant, nonce, code } = kept;
    let sql = "INSERT INTO oauth_code (hash, grant_id, client_id, redirect_uri, challenge, nonce, issued_ms)
        VALUES ($1, $2, $3, $4, $5, $6, $7)";
    let row = values![
        hash.as_str(),
        grant,
        &code.client,
        &code.redirect_uri,
        code.challenge.as_str(),
        nonce.as_deref(),
        code.issued,
    ];
    tx.execute_one(sql, row).await
}

/// One code.
pub(crate) async fn find_code(
    tx: &mut Tx,
    hash: &TokenHash,
) -> Result<Option<KeptCode>, StoreError> {
    let sql = "SELECT * FROM oauth_code WHERE hash = $1";
    let Some(row) = tx.row(sql, values![hash.as_str()]).await? else { return Ok(None) };
    let code = Code {
        client: row.parsed("client_id")?,
        redirect_uri: row.text("redirect_uri")?,
        challenge: Challenge::stored(row.text("challenge")?),
        issued: row.time("issued_ms")?,
        redeemed: row.time_maybe("redeemed_ms")?,
    };
    Ok(Some(KeptCode { grant: row.parsed("grant_id")?, nonce: row.text_maybe("nonce")?, code }))
}

/// Keeps that a code was redeemed.
///
/// # Errors
/// [`StoreError::Stale`] when another request was faster.
pub(crate) async fn redeem_code(
    tx: &mut Tx,
    hash: &TokenHash,
    now: Timestamp,
) -> Result<(), StoreError> {
    let sql = "UPDATE oauth_code SET redeemed_ms = $2 WHERE hash = $1 AND redeemed_ms IS NULL";
    tx.execute_one(sql, values![hash.as_str(), now]).await
}

/// Keeps a new refresh token.
pub(crate) async fn insert_refresh(
    tx: &mut Tx,
    hash: &TokenHash,
    grant: &GrantId,
    generation: i64,
) -> Result<(), StoreError> {
    let sql = "INSERT INTO oauth_refresh (hash, grant_id, generation) VALUES ($1, $2, $3)";
    tx.execute_one(sql, values![hash.as_str(), grant, generation]).await
}

/// The grant of a refresh token, and which of its tokens it is.
pub(crate) async fn find_refresh(
    tx: &mut Tx,
    hash: &TokenHash,
) -> Result<Option<(GrantId, i64)>, StoreError> {
    let sql = "SELECT grant_id, generation FROM oauth_refresh WHERE hash = $1";
    let row = tx.row(sql, values![hash.as_str()]).await?;
    row.map(|row| Ok((row.parsed("grant_id")?, row.int("generation")?))).transpose()
}

/// Takes an assertion of a client, once; forgets those that have expired.
///
/// # Errors
/// [`StoreError::Duplicate`] when it was taken before.
pub(crate) async fn take_assertion(
    tx: &mut Tx,
    client: &OauthClientId,
    jti: &str,
    expires: Timestamp,
    now: Timestamp,
) -> Result<(), StoreError> {
    let sql = "DELETE FROM client_assertion WHERE hash IN
        (SELECT hash FROM client_assertion WHERE expires_ms < $1 ORDER BY expires_ms LIMIT 100)";
    tx.execute(sql, values![now]).await?;
    let digest = digest(&SHA256, format!("{client}/{jti}").as_bytes());
    let hash: String = digest.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
    let sql = "INSERT INTO client_assertion (hash, client_id, expires_ms) VALUES ($1, $2, $3)";
    tx.execute_one(sql, values![hash, client, expires]).await
}

/// Forgets a batch of codes that were issued before then; how many. A code is good for minutes.
pub(crate) async fn sweep_codes(
    tx: &mut Tx,
    before: Timestamp,
    limit: u32,
) -> Result<u64, StoreError> {
    let sql = "DELETE FROM oauth_code WHERE hash IN
        (SELECT hash FROM oauth_code WHERE issued_ms < $1 ORDER BY issued_ms LIMIT $2)";
    tx.execute(sql, values![before, limit]).await
}

/// Forgets a batch of refresh tokens whose grant has ended by itself; how many. An old one that comes back is refused
/// as any that is unknown: there is nothing left to revoke.
pub(crate) async fn sweep_refreshes(
    tx: &mut Tx,
    now: Timestamp,
    limit: u32,
) -> Result<u64, StoreError> {
    let before = |age: Duration| now - SignedDuration::try_from(age).unwrap_or(SignedDuration::MAX);
    let sql = "DELETE FROM oauth_refresh WHERE hash IN
        (SELECT oauth_refresh.hash FROM oauth_grant JOIN oauth_refresh ON oauth_refresh.grant_id = oauth_grant.id
            WHERE oauth_grant.refreshed_ms < $1 OR oauth_grant.granted_ms < $2 LIMIT $3)";
    tx.execute(sql, values![before(REFRESH_IDLE), before(REFRESH_ABSOLUTE), limit]).await
}

fn client(row: &Row) -> Result<KeptClient, StoreError> {
    let corrupt = |column| StoreError::Corrupt { column };
    let uris = row.text("redirect_uris")?;
    let uris = uris.lines().map(RedirectUri::parse).collect::<Result<_, _>>();
    let client = Client {
        id: row.parsed("id")?,
        clinic: row.parsed("clinic_id")?,
        name: row.text("name")?,
        kind: ClientKind::parse(&row.text("kind")?).ok_or(corrupt("kind"))?,
        redirect_uris: uris.map_err(|_| corrupt("redirect_uris"))?,
        scopes: Scopes::parse(&row.text("scopes")?).ok_or(corrupt("scopes"))?,
        trusted: row.flag("trusted")?,
        disabled: row.flag("disabled")?,
    };
    Ok(KeptClient {
        client,
        rev: row.rev()?,
        secret_hash: row.text_maybe("secret_hash")?,
        jwks: row.text_maybe("jwks")?,
    })
}

fn grant(row: &Row) -> Result<Grant, StoreError> {
    let corrupt = |column| StoreError::Corrupt { column };
    Ok(Grant {
        id: row.parsed("id")?,
        clinic: row.parsed("clinic_id")?,
        user: row.parsed_maybe("user_id")?,
        patient: row.parsed_maybe("patient_id")?,
        scopes: Scopes::parse(&row.text("scopes")?).ok_or(corrupt("scopes"))?,
        factors: Factors::parse(&row.text("factors")?).ok_or(corrupt("factors"))?,
        authenticated: row.time("authenticated_ms")?,
        chain: Chain {
            client: row.parsed("client_id")?,
            granted: row.time("granted_ms")?,
            refreshed: row.time("refreshed_ms")?,
            generation: row.int("generation")?,
            revoked: row.time_maybe("revoked_ms")?,
        },
    })
}
