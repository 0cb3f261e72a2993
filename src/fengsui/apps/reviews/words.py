from django.utils.translation import gettext_noop as mark

from fengsui.core.wording import words

words(
    reviews__not_found=(mark("响应还没有终止，没有可完成的复盘"), mark("终止响应后自动开始")),
    reviews__paper__not_found=(mark("没有这份文稿"), mark("从复盘页重新打开")),
    reviews__paper__not_ready=(mark("文稿还在生成"), mark("生成后本页自动出现下载")),
    reviews__finish__no_assessment=(mark("评估还空着"), mark("写几句：哪里快、哪里慢、为何")),
    reviews__finish__no_lessons=(mark("改进还空着"), mark("写明要改什么、谁改；没有就写“无”")),
    reviews__issue__not_finished=(
        mark("复盘还没有完成，不能印发"),
        mark("先写评估和改进，完成复盘；在此之前可生成草稿"),
    ),
    reviews__finding__not_found=(mark("没有这项整改，或不是您的岗位所办"), mark("从整改列表重新打开")),
    reviews__finding__no_text=(mark("问题还空着"), mark("写一句：哪里不行")),
    reviews__finding__no_remedy=(mark("整改还空着"), mark("写一句：要改成什么样")),
    reviews__finding__no_owner=(mark("还没有责任岗位"), mark("选一个现有人任职的岗位")),
    reviews__finding__days=(mark("期限要在 %(low)s 到 %(high)s 天之间"), mark("改一个天数")),
    reviews__finding__no_answer=(mark("整改结果还空着"), mark("写明做了什么、何时做成、凭据在哪里")),
    reviews__finding__no_reason=(mark("要写理由"), mark("写一句为何")),
    reviews__finding__exercise_runs=(
        mark("演练还没有结束，不能提出整改"),
        mark("整改是实战里的责任：演练结束后回看复盘时再提"),
    ),
    finding__answer__wrong_state=(mark("这项整改%(state)s"), mark("刷新看是谁办的")),
    finding__accept__wrong_state=(mark("这项整改%(state)s，没有待认可的"), mark("刷新看它的现状")),
    finding__send_back__wrong_state=(mark("这项整改%(state)s，没有可退回的"), mark("刷新看它的现状")),
    finding__withdraw__wrong_state=(mark("这项整改%(state)s，不能撤回"), mark("刷新看它的现状")),
    review__finish__wrong_state=(mark("这次复盘已完成"), mark("刷新看是谁办的")),
)
