// Package tallyfy is a Tallyfy server in memory: the parts of its REST API that connectors use, with its
// refusals and its oddities, for tests and demonstrations. It imports packages simulated and oauth and the standard
// library only, so what it says is evidence that does not rest on the code under test.
//
// A [Server] is an http.Handler; everything is below /api, as at https://go.tallyfy.com/api:
//
//	server := tallyfy.New(tallyfy.Config{})
//	defer server.Close()
//	http.ListenAndServe("127.0.0.1:8080", server)
//
// It begins with two organisations ([AcmeOrg], [GlobexOrg]), two tokens ([AdminToken], [StandardToken])
// and two templates: [SalesApproval], three steps that end in an approval, and [ClientOnboarding], whose
// kick-off form has a field of every type. [Fixtures] returns them; [Server.Seed] adds more.
// [Server.Run] and its like show a test what has happened; [simulated.Controls], which a server embeds, list the
// requests that came and make others fail.
//
// # What is documented, and done
//
//   - Every request needs X-Tallyfy-Client and a bearer token (401), and an organisation that the token's
//     user belongs to (403). Unknown paths are 404 ENDPOINT_NOT_FOUND, unknown ids 404 RESOURCE_NOT_FOUND.
//   - Answers are {"data": ...} envelopes, lists with meta.pagination. per_page is 10 by default and 100 at
//     most; users come 9999 a page. The links of a page come in every form seen: see [Config.Links].
//   - A launch takes kick-off values by 32-hex id in the shapes that their field types prescribe (422), and
//     drops values under any other key without a word.
//   - Tasks come from the template's steps; one-off tasks stand alone. Completing refuses (422) a task that
//     is completed, has an open issue or an empty required field, and an approval without is_approved; 403
//     when only assignees may complete it. Values are saved before, never while, completing.
//   - Updates of owners, users and groups replace. A one-off task's update needs title, deadline and owners.
//   - More than 100 requests in any 60 seconds for one organisation are 429 RATE_LIMIT_EXCEEDED with Retry-After.
//   - POST /oauth/token, beside /api, takes forms: authorization_code, refresh_token and client_credentials of an
//     application whose id is a number. An application's token lives seven days and is good for one thing only,
//     POST /applications/{org}/users/{email}/token: a token for a member that lives 90 days. Elsewhere it is 401.
//   - The paths that old guides name (/api/v1/processes, /api/runs and so on) are 404 unless [Config.Legacy].
//
// # What is assumed, where documents are silent
//
//   - Refresh tokens rotate, and reuse revokes; a token of the code grant lives seven days; PKCE is optional.
//   - The minute slides; a request that is refused takes nothing of it. The token endpoint is not limited.
//   - The wording of 401, 404 and 422 messages; the key of a bad form value: prerun.{id}, taskdata.{id}.
//   - A launch without a required kick-off value succeeds with prerun_status "incomplete".
//   - Deadlines that fall on a weekend move to Monday at the same time.
//   - A method that a path does not have is answered like an unknown path.
//   - Included lists are wrapped in {"data": [...]}; the captures of a step are a plain list.
//   - A completed task can be reopened by every member; comments and issues answer 201.
//
// # What is not simulated
//
// Webhooks and watchers, the password and implicit grants, creation of users, guests, groups, tags, folders, files (a file value is taken on trust),
// automation rules, archiving, editing of templates, and hourly limits. Filters that are not listed in the
// code are ignored, as the real server ignores those it does not know.
package tallyfy
