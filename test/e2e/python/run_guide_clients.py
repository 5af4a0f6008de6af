"""Talks to a running API through the guide's clients and prints what came back, as one JSON object.

Usage: run_guide_clients.py API_URL USER_PREFIX
"""
import asyncio
import json
import re
import sys
import time

import guide_clients as guide

NOWHERE = "http://127.0.0.1:9"
SEEDS = [
    {"role": "user", "content": "I moved to Lisbon with my dog Pepper last spring."},
    {"role": "assistant", "content": "Lisbon is lovely. How does Pepper like it?"},
    {"role": "user", "content": "I invest in index funds and bought 10 shares of ACME for my portfolio."},
    {"role": "user", "content": "My fitness goal is to run a marathon, and I am so happy about my training."},
]


MONEY = [
    {"role": "user", "content": "Last Tuesday I bought 40 shares of NVDA at $120 each in my brokerage account."},
    {"role": "assistant", "content": "That is a sizeable position. What else do you hold?"},
    {"role": "user", "content": "I sold all 15 shares of my TSLA in September, it was too volatile for me."},
    {"role": "user", "content": "My cousin marries in spring and I still need a suit."},
]
TRAINING = [
    {"role": "user", "content": "My knee hurts again after yesterday's long run, I am really frustrated and worried about it."},
    {"role": "assistant", "content": "I am sorry to hear that. Did the physiotherapist say anything?"},
    {"role": "user", "content": "I am so excited, this morning I finally swam a whole kilometre without a break!"},
    {"role": "user", "content": "The gym opens at seven on weekdays."},
]
SUMMARIES_DEADLINE_S = 45


class Llm:
    """Answers without a model and remembers what it was asked."""

    def __init__(self):
        self.prompts = []

    def generate(self, prompt):
        self.prompts.append(prompt)
        return f"Understood, that is answer number {len(self.prompts)}."

    async def generate_async(self, prompt):
        return self.generate(prompt)


class WithContext:
    """The one method that two of the guide's classes call and do not define."""

    def _build_context(self, memories):
        results = memories.get("results", [])
        found = results if isinstance(results, list) else results.get("memories", [])
        return "\n".join(f"- {memory['content']}" for memory in found)


class Robust(WithContext, guide.RobustMemoryChatbot):
    pass


class Async(WithContext, guide.AsyncMemoryChatbot):
    pass


def section(prompt, title):
    """What a prompt says after a title, up to the blank line that ends it."""
    found = re.search(rf"{re.escape(title)}:(.*?)\n[ \t]*\n {{8}}(?=\S)", prompt, re.S)
    return found.group(1).strip() if found else None


def summaries_of(url, user_id, tier, holding):
    """A user's summaries of a tier, once one of them tells of something."""
    deadline = time.monotonic() + SUMMARIES_DEADLINE_S
    while True:
        summaries = guide.requests.get(f"{url}/v1/users/{user_id}/summaries", params={"tier": tier}).json()["summaries"]
        if any(holding in summary["text"] for summary in summaries):
            return [summary["text"] for summary in summaries]
        if time.monotonic() > deadline:
            raise TimeoutError(f"no {tier} summary tells of {holding}: {summaries}")
        time.sleep(0.5)


def main(url, prefix):
    seeder = guide.SimpleMemoryChatbot(url)

    def user(name, said=SEEDS):
        """A user of their own for each client, who has said the same things unless told otherwise."""
        user_id = f"{prefix}-{name}"
        seeder.store_conversation(user_id, said)
        return user_id

    out = {}

    simple = guide.SimpleMemoryChatbot(url)
    fresh = f"{prefix}-simple"
    stored = simple.store_conversation(fresh, SEEDS)
    found = simple.get_memories(fresh, "Where did I move with my dog?", limit=3)
    out["simple"] = {"stored": stored, "found": found, "reply": simple.chat(fresh, "Where does Pepper live?")}

    llm = Llm()
    basic = guide.BasicMemoryChatbot(llm, url)
    out["basic"] = {"reply": basic.process_message(user("basic"), "Tell me about my dog Pepper"), "prompt": llm.prompts[-1]}

    llm = Llm()
    who = user("persona")
    persona = guide.PersonaAwareChatbot(llm, url)
    reply = persona.process_message(who, "How should I invest my money?")
    tagged = seeder.session.get(f"{url}/v1/retrieve", params={"user_id": who, "persona": "finance"}).json()
    out["persona"] = {"reply": reply, "prompt": llm.prompts[-1], "tagged": tagged}

    llm = Llm()
    multi = guide.MultiPersonaChatbot(llm, url)
    who = user("multi")
    multi.process_message(who, "What did I buy for my portfolio?")
    multi.process_message(who, "And what is my fitness goal?")
    out["multi"] = {"prompt": llm.prompts[-1]}

    llm = Llm()
    financial = guide.FinancialAdvisorChatbot(llm, url)
    out["financial"] = {"reply": financial.get_financial_advice(user("financial"), "How is my portfolio doing?"), "prompt": llm.prompts[-1]}

    guide.FinancialAdvisorChatbot(llm, url).get_financial_advice(user("investor", MONEY), "Which shares do I hold?")
    out["financial"]["portfolio"] = section(llm.prompts[-1], "Portfolio information")

    llm = Llm()
    health = guide.HealthCoachChatbot(llm, url)
    out["health"] = {"reply": health.get_health_advice(user("health"), "How is my marathon training?"), "prompt": llm.prompts[-1]}

    guide.HealthCoachChatbot(llm, url).get_health_advice(user("runner", TRAINING), "How is my training going?")
    out["health"]["emotional"] = section(llm.prompts[-1], "Emotional context")

    llm = Llm()
    summarized = guide.SummarizedMemoryChatbot(llm, url)
    who = user("summarized")
    out["summarized"] = {
        "arc": summarized.get_summarized_context(who, "my life", "arc"),
        "episodic": summarized.get_summarized_context(who, "my life", "episodic"),
        "nothing": summarized.get_summarized_context(f"{prefix}-nobody", "my life"),
        "reply": summarized.chat_with_summary(who, "What have I been doing?"),
    }
    who = user("told", TRAINING)
    tiers = {tier: summaries_of(url, who, tier, "swam") for tier in ("episodic", "arc")}
    summarized.chat_with_summary(who, "How did my swimming go?")
    out["summarized"]["summaries"] = tiers
    out["summarized"]["sections"] = {
        "arc": section(llm.prompts[-1], "User's life story (arc)"),
        "episodic": section(llm.prompts[-1], "Recent activities (episodic)"),
    }

    explainable = guide.ExplainableMemoryChatbot(Llm(), url)
    out["explainable"] = explainable.chat_with_explanation(user("explainable"), "How should I invest in my portfolio?")

    llm = Llm()
    stateful = guide.StatefulMemoryChatbot(llm, url)
    who = user("stateful")
    replies, states = [], []

    def say(message):
        replies.append(stateful.chat_with_state(who, message))
        states.append(stateful.user_states[who])

    say("I am happy with my gym workout")
    guide.StatefulMemoryChatbot(Llm(), url).chat_with_state(who, "How should I invest my savings in stocks?")
    afresh = guide.StatefulMemoryChatbot(Llm(), url)
    afresh.chat_with_state(who, "And now?")
    say("And now?")
    out["stateful"] = {"replies": replies, "states": states, "prompts": llm.prompts, "afresh": afresh.user_states[who]}

    out["monitored"] = guide.MonitoredMemoryChatbot(Llm(), url).process_message(f"{prefix}-monitored", "Hello")

    llm = Llm()
    robust = Robust(llm, url)
    robust.process_message(user("robust"), "Where did I move?")
    lost = Robust(Llm(), NOWHERE)
    lost.process_message(f"{prefix}-lost", "Where did I move?")
    out["robust"] = {"prompt": llm.prompts[-1], "fallback": robust.fallback_mode, "lost": lost.fallback_mode}

    resilient = guide.ResilientMemoryChatbot(Llm(), url)
    who = f"{prefix}-resilient"
    kept = resilient._store_message_safe(who, "I play the cello on Tuesdays.")
    lost = guide.ResilientMemoryChatbot(Llm(), NOWHERE)
    lost._store_message_safe(who, "Only here")
    out["resilient"] = {
        "kept": kept,
        "cache": resilient.local_cache,
        "found": resilient._get_memories_safe(who, "Which instrument do I play?"),
        "lost": lost._get_memories_safe(who, "anything"),
    }

    out["async"] = asyncio.run(talk_async(url, user("async")))
    print(json.dumps(out))


async def talk_async(url, user_id):
    llm = Llm()
    async with Async(llm, url) as bot:
        reply = await bot.process_message_async(user_id, "Where did I move with Pepper?")
    return {"reply": reply, "prompt": llm.prompts[-1]}


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
