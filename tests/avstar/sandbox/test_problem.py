import json

from connectors.avstar.sandbox import problem


def test_a_problem_has_the_members_of_rfc_9457():
    response = problem.NOT_JSON.response("expected value at line 1")
    assert response.content_type == "application/problem+json"
    assert json.loads(response.body) == {
        "type": "urn:avstar:problem:not-json",
        "title": "The body is no JSON",
        "status": 400,
        "detail": "expected value at line 1",
    }


def test_a_problem_may_carry_headers():
    response = problem.THROTTLED.response("slow down", headers={"Retry-After": "5"})
    assert (response.status, response.headers["Retry-After"]) == (429, "5")


def test_another_status_stands_in_both_places():
    response = problem.response(problem.REQUEST_ID_REUSED.document("other content", 409))
    assert (response.status, json.loads(response.body)["status"]) == (409, 409)


def test_no_two_problems_share_a_name():
    known = [value for value in vars(problem).values() if isinstance(value, problem.Problem)]
    assert len({each.name for each in known}) == len(known) > 10


async def test_the_server_s_own_errors_are_problems_too(start):
    api = await start()
    missing = await api.send("GET", "/nowhere")
    assert (missing.status, missing.problem) == (404, "blank")
    assert missing.json()["detail"] == "GET /nowhere: Not Found"


async def test_a_wrong_method_is_told_which_ones_are_right(start):
    api = await start()
    wrong = await api.send("DELETE", "/ingest")
    assert (wrong.status, wrong.headers["Allow"], wrong.problem) == (405, "POST", "blank")
