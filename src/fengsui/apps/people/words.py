from django.utils.translation import gettext_noop as mark

from fengsui.core.wording import words

words(
    people__login__wrong=(mark("账号或密码不对"), mark("检查后再试；连续错 5 次会锁定 30 分钟")),
    people__login__locked=(mark("账号已锁定"), mark("%(minutes)s 分钟后再试，或请安全管理员解锁")),
    people__reveal__needs_reason=(mark("查看号码要写理由"), mark("写明用途，如：叫应未答，改拨手机")),
    people__reveal__not_found=(mark("没有这个人，或不在你的管辖内"), mark("从人员列表重新选择")),
)
