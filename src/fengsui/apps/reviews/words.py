from django.utils.translation import gettext_noop as mark

from fengsui.core.wording import words

words(
    reviews__not_found=(mark("响应还没有终止，没有可完成的复盘"), mark("终止响应后自动开始")),
    reviews__paper__not_found=(mark("没有这份文稿"), mark("从复盘页重新打开")),
    reviews__paper__not_ready=(mark("文稿还在生成"), mark("生成后本页自动出现下载")),
    reviews__finish__no_assessment=(mark("评估还空着"), mark("写几句：哪里快、哪里慢、为何")),
    reviews__finish__no_lessons=(mark("改进还空着"), mark("写明要改什么、谁改；没有就写“无”")),
    review__finish__wrong_state=(mark("这次复盘已完成"), mark("刷新看是谁办的")),
)
